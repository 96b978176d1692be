"""Faulty maps and overlays: the freely written solutions with a fault of the last question, labelled by the scheme."""

from __future__ import annotations

from tests.rubrics.assignment1.bank_faults import Case, lost
from tests.rubrics.assignment1.bank_free_faults import WRITTEN
from tests.rubrics.assignment1.notebooks import altered

MAP_FAULTS: dict[str, Case] = {}


def fault(name: str, style: str, criteria: str, *replacements: tuple[str, str]) -> None:
    """Adds a case: criteria that are not met, with spaces between."""
    assert name not in MAP_FAULTS
    MAP_FAULTS[name] = Case(altered(WRITTEN[style], *replacements), lost(*criteria.split()))


# --- 1e.function --------------------------------------------------------------------------------------------------
fault(
    "e: flat",
    "short",
    "1e.function",
    (
        "def cam(o):\n    with torch.no_grad(): c = torch.einsum('q,qkm->km', m.fc.weight[o], A[0]).relu()\n    return c / c.max()\no = z.argmax().item()\n",
        "o = z.argmax().item()\nwith torch.no_grad(): c = torch.einsum('q,qkm->km', m.fc.weight[o], A[0]).relu()\nc = c / c.max()\n",
    ),
    ("cam(o)[None]", "c[None]"),
)
fault(
    "e: flat in a cell",
    "one_cell_everything",
    "1e.function",
    (
        "def grad_cam(class_index):\n    out = model(tensor)\n    model.zero_grad(set_to_none=True)\n    out[0, class_index].backward()\n",
        "if True:\n    out = model(tensor)\n    model.zero_grad(set_to_none=True)\n    out[0, out.argmax()].backward()\n",
    ),
    ("    return cam\n", ""),
    ("cam = grad_cam(int(torch.argmax(logits)))\n", ""),
)
fault(
    "e: the most likely class always",
    "class_with_two_hooks_cv2",
    "1e.function",
    ("def __call__(self, x, class_idx=None):", "def __call__(self, x):"),
    (
        "        if class_idx is None:\n            class_idx = logits.argmax(dim=1).item()\n",
        "        class_idx = logits.argmax(dim=1).item()\n",
    ),
)
fault(
    "e: ignores its class",
    "german",
    "1e.function",
    (
        "    gewichte = netz.fc.weight.data[klasse].numpy()",
        "    gewichte = netz.fc.weight.data[ausgabe.argmax()].numpy()",
    ),
)
fault(
    "e: global class",
    "flat_loop_inside_function",
    "1e.function",
    ("def cam(o):", "def cam():"),
    ("o = Z.argmax(dim=1)\nL = cam(o.item())", "o = Z.argmax(dim=1).item()\nL = cam()"),
)
fault(
    "e: function without class",
    "main_function",
    "1e.function",
    ("def compute(res, cls):\n", "def compute(res):\n    cls = res['logits'].argmax().item()\n"),
    ('    cls = res["logits"].argmax().item()\n    cam = compute(res, cls)', "    cam = compute(res)"),
)

# --- 1e.gradient --------------------------------------------------------------------------------------------------
fault(
    "e: probability",
    "list_closure_backward",
    "1e.gradient",
    ("    out[0, o].backward()", "    torch.softmax(out, 1)[0, o].backward()"),
)
fault(
    "e: probability by autograd",
    "main_function",
    "1e.gradient",
    ('torch.autograd.grad(res["logits"][0, cls]', 'torch.autograd.grad(res["logits"].softmax(-1)[0, cls]'),
)
fault(
    "e: log-probability",
    "state_dict_from_url",
    "1e.gradient",
    ("self.scores[0, o]", "self.scores.log_softmax(1)[0, o]"),
)
fault(
    "e: cross-entropy",
    "several_results",
    "1e.gradient",
    (
        "    output[0, target_class].backward(retain_graph=True)",
        "    F.cross_entropy(output, torch.tensor([target_class])).backward(retain_graph=True)",
    ),
)
fault(
    "e: cross-entropy of a hook",
    "partial_and_namespace",
    "1e.gradient",
    (
        "    onehot = torch.zeros_like(y)\n    onehot[0, klass] = 1\n    y.backward(gradient=onehot)\n",
        "    torch.nn.CrossEntropyLoss()(y, torch.tensor([klass])).backward()\n",
    ),
)
fault(
    "e: negative loss",
    "dictionary_grad_hook_on_tensor",
    "1e.gradient",
    (
        "    z[0, o].backward()",
        "    loss = -torch.nn.functional.cross_entropy(z, torch.tensor([o]))\n    loss.backward()",
    ),
)
fault(
    "e: absolute gradient",
    "feature_extractor_nodes",
    "1e.gradient",
    ("grad.mean(dim=(2, 3), keepdim=True)", "grad.abs().mean(dim=(2, 3), keepdim=True)"),
)
fault(
    "e: absolute weights",
    "wrapper_children",
    "1e.gradient",
    ("net.classifier.weight[c] / 49", "net.classifier.weight[c].abs() / 49"),
)
fault(
    "e: squared gradient",
    "several_results",
    "1e.gradient",
    ("F.adaptive_avg_pool2d(g, 1)", "F.adaptive_avg_pool2d(g ** 2, 1)"),
)
fault(
    "e: means of the maps",
    "methodtype_forward",
    "1e.gradient",
    ("    a = fm.grad.mean([2, 3]).squeeze()", "    a = fm.mean([2, 3]).squeeze()"),
)
fault(
    "e: means of the maps in a loop",
    "amp_and_device",
    "1e.gradient",
    ("    alpha = grads.mean(dim=(2, 3)).flatten()", "    alpha = A.detach().cpu().mean(dim=(2, 3)).flatten()"),
)
fault(
    "e: mean of all logits",
    "leaf_feature_map",
    "1e.gradient",
    ("    z = head(A.mean((2, 3)))[0, o]", "    z = head(A.mean((2, 3)))[0].mean()"),
)
fault(
    "e: gradient of the weights",
    "methodtype_forward",
    "1e.gradient",
    ("fm.grad.mean([2, 3]).squeeze()", "self_grad()"),
    ("def denorm", "def self_grad():\n    return model.layer4[1].conv2.weight.grad.mean([1, 2, 3])\n\ndef denorm"),
)
fault(
    "e: sum of the squared logits",
    "list_closure_backward",
    "1e.gradient",
    ("    out[0, o].backward()", "    (out ** 2).sum().backward()"),
)
fault(
    "e: all weights",
    "all_classes_by_conv",
    "1e.gradient",
    ("m = everything[o].clamp(min=0)", "m = everything.mean(0).clamp(min=0)"),
)

# --- 1e.weighted-sum ----------------------------------------------------------------------------------------------
fault(
    "e: maximum over channels",
    "wrapper_children",
    "1e.weighted-sum",
    (
        "(alpha[None, :, None, None] * feature_map).sum(1, keepdim=True)",
        "(alpha[None, :, None, None] * feature_map).amax(1, keepdim=True)",
    ),
)
fault(
    "e: strongest channel",
    "list_closure_backward",
    "1e.weighted-sum",
    (
        "    cam = torch.zeros(7, 7)\n    for q in range(512):\n        cam += alpha[q] * a[q]\n",
        "    q = alpha.argmax()\n    cam = alpha[q] * a[q]\n",
    ),
)
fault("e: weights forgotten", "german", "1e.weighted-sum", ("summe = summe + gewicht * karte", "summe = summe + karte"))
fault(
    "e: weights unused",
    "state_dict_from_url",
    "1e.weighted-sum",
    (
        "        m = torch.relu(torch.tensordot(self.weights(o), self.activation[0], dims=([0], [0])))",
        "        w = self.weights(o)\n        m = torch.relu(self.activation[0].sum(0))",
    ),
)
fault(
    "e: input gradient",
    "amp_and_device",
    "1e.gradient 1e.weighted-sum",
    (
        "    grads = torch.autograd.grad(logits[0, o], A, retain_graph=True)[0].cpu()\n    alpha = grads.mean(dim=(2, 3)).flatten()\n    L = torch.zeros(A.shape[-2:])\n    for a, f in zip(alpha, A[0].detach().cpu()):\n        L += a * f\n",
        "    grads = torch.autograd.grad(logits[0, o], x, retain_graph=True)[0].cpu()\n    L = grads[0].amax(0)\n",
    ),
)
fault(
    "e: input gradient by backward",
    "one_cell_everything",
    "1e.gradient 1e.weighted-sum",
    ("    out = model(tensor)\n", "    picture = tensor.clone().requires_grad_()\n    out = model(picture)\n"),
    (
        "    w = gradient.detach().numpy()[0].mean(axis=(1, 2))\n    f = features.detach().numpy()[0]\n    cam = np.sum(f * w[:, np.newaxis, np.newaxis], axis=0)\n",
        "    cam = picture.grad[0].numpy().max(axis=0)\n",
    ),
    ("cam = np.kron(cam, np.ones((32, 32)))\n", ""),
)

# --- 1e.relu ------------------------------------------------------------------------------------------------------
fault("e: no clipping", "list_closure_backward", "1e.relu", ("    cam = torch.relu(cam)\n", ""))
fault("e: no clipping with einsum", "short", "1e.relu", (".relu()\n", "\n"))
fault("e: no clipping by numpy", "german", "1e.relu", ("    summe = np.maximum(summe, 0)\n", ""), (".clip(0, 1)", ""))
fault(
    "e: absolute sum", "flat_loop_inside_function", "1e.relu", ("L[k, m] = max(0, L[k, m])", "L[k, m] = abs(L[k, m])")
)
fault(
    "e: absolute sum by torch",
    "methodtype_forward",
    "1e.relu",
    ("    s = torch.where(s > 0, s, torch.zeros_like(s))\n", "    s = s.abs()\n"),
)
fault("e: min-max instead", "one_cell_everything", "1e.relu", ("    cam = np.where(cam < 0, 0, cam)\n", ""))
fault(
    "e: min-max instead by torch",
    "amp_and_device",
    "1e.relu",
    (
        "    L = torch.relu(L).numpy()\n    return L / L.max()",
        "    L = L.numpy()\n    return (L - L.min()) / (L.max() - L.min())",
    ),
)
fault(
    "e: clipped weights",
    "main_function",
    "1e.relu",
    ("    al = g[0].flatten(1).mean(1)\n", "    al = g[0].flatten(1).mean(1).relu()\n"),
    ("    L = torch.max(L, torch.zeros(1))\n", ""),
)
fault(
    "e: clipped gradients",
    "several_results",
    "1e.relu",
    ("F.adaptive_avg_pool2d(g, 1)", "F.adaptive_avg_pool2d(F.relu(g), 1)"),
    ("    cam = F.relu(cam)\n", ""),
)
fault(
    "e: each product clipped",
    "wrapper_children",
    "1e.relu",
    (
        "(alpha[None, :, None, None] * feature_map).sum(1, keepdim=True)\n    m = nn.functional.relu(m)",
        "nn.functional.relu(alpha[None, :, None, None] * feature_map).sum(1, keepdim=True)",
    ),
)
fault("e: leaky", "class_with_two_hooks_cv2", "1e.relu", ("cam = F.relu((", "cam = F.leaky_relu(("))
fault(
    "e: result of relu dropped",
    "list_closure_backward",
    "1e.relu",
    ("    cam = torch.relu(cam)\n", "    torch.relu(cam)\n"),
)

# --- 1e.normalize -------------------------------------------------------------------------------------------------
fault("e: not divided", "list_closure_backward", "1e.normalize", ("    cam = cam / cam.max()\n", ""))
fault("e: divided by the sum", "short", "1e.normalize", ("    return c / c.max()", "    return c / c.sum()"))
fault("e: divided by the norm", "german", "1e.normalize", ("summe / np.max(summe)", "summe / np.linalg.norm(summe)"))
fault(
    "e: standardized",
    "methodtype_forward",
    "1e.normalize",
    ("s.detach() / s.detach().max()", "s.detach() / s.detach().std()"),
)
fault(
    "e: divided by 255", "main_function", "1e.normalize", ("return (L / L.max()).detach()", "return (L / 255).detach()")
)
fault(
    "e: the maximum of the map A", "amp_and_device", "1e.normalize", ("return L / L.max()", "return L / A.max().item()")
)
fault(
    "e: not divided in a class",
    "preprocessing_inside",
    "1e.normalize",
    ("        return m / m.flatten(1).max(1).values[:, None, None]", "        return m"),
)
fault(
    "e: softmax of the map",
    "several_results",
    "1e.normalize",
    ("    cam = cam / cam.max()\n", "    cam = cam / cam.mean()\n"),
)

# --- 1e.upsample --------------------------------------------------------------------------------------------------
fault(
    "e: small map multiplied",
    "short",
    "1e.upsample",
    ("(resize(cam(o)[None], (224, 224)) * img)", "(cam(o)[None] * img)"),
)
fault(
    "e: small map multiplied by numpy",
    "one_cell_everything",
    "1e.upsample",
    ("cam = np.kron(cam, np.ones((32, 32)))\n", ""),
)
fault(
    "e: small map in a function",
    "leaf_feature_map",
    "1e.upsample",
    ("cam = cv2.resize(CAM(o), (224, 224), interpolation=cv2.INTER_LINEAR)", "cam = CAM(o)"),
)
fault("e: another size", "jacobian_and_class_names", "1e.upsample", ("size=(im.height, im.width)", "size=(200, 200)"))
fault("e: half of the size", "french_batch_of_two", "1e.upsample", ("scale_factor=32", "scale_factor=16"))
fault(
    "e: picture made small",
    "list_closure_backward",
    "1e.upsample",
    ("T.Compose([T.Resize(256), T.CenterCrop(224)])(img)", "T.Resize((7, 7))(img)"),
    (
        '    m = torch.nn.functional.interpolate(m[None, None], size=(224, 224), mode="bilinear")[0, 0].numpy()\n',
        "    m = m.numpy()\n",
    ),
)

# --- 1e.original --------------------------------------------------------------------------------------------------
fault(
    "e: normalized image",
    "list_closure_backward",
    "1e.original",
    ("    over = small * m[:, :, None]", "    over = x[0].permute(1, 2, 0).numpy() * m[:, :, None]"),
)
fault(
    "e: normalized image by cv2",
    "class_with_two_hooks_cv2",
    "1e.original",
    (
        "masked = (rgb * cam[..., np.newaxis]).astype(np.uint8)",
        "masked = inp[0].cpu().numpy().transpose(1, 2, 0) * cam[..., np.newaxis]",
    ),
)
fault(
    "e: normalized tensor",
    "preprocessing_inside",
    "1e.original",
    ("plt.imshow((img * cam)[0]", "plt.imshow(((img - model.mean) / model.std * cam)[0]"),
)
fault("e: normalized tensor in a lambda", "two_halves", "1e.original", ("* TF.to_tensor(img)", "* x[0]"))
fault(
    "e: alpha of imshow",
    "leaf_feature_map",
    "1e.original",
    (
        "    cam = np.stack([cam] * 3, axis=2)\n    return np.multiply(cam, image.astype(np.float32) / 255)\n",
        "    return cam\n",
    ),
    (
        "plt.imshow(Overlay(int(logits.argmax())))",
        "plt.imshow(image)\nplt.imshow(Overlay(int(logits.argmax())), cmap='jet', alpha=0.4)",
    ),
)
fault(
    "e: colour map blended",
    "class_with_two_hooks_cv2",
    "1e.original",
    (
        "masked = (rgb * cam[..., np.newaxis]).astype(np.uint8)",
        "heat = cv2.applyColorMap(np.uint8(255 * cam), cv2.COLORMAP_JET)[:, :, ::-1]\nmasked = np.uint8(0.4 * heat + 0.6 * rgb)",
    ),
)
fault(
    "e: addWeighted",
    "leaf_feature_map",
    "1e.original",
    (
        "    cam = np.stack([cam] * 3, axis=2)\n    return np.multiply(cam, image.astype(np.float32) / 255)\n",
        "    heat = cv2.applyColorMap((cam * 255).astype(np.uint8), cv2.COLORMAP_JET)\n    return cv2.addWeighted(image, 0.5, heat, 0.5, 0)\n",
    ),
)
fault(
    "e: added",
    "jacobian_and_class_names",
    "1e.original",
    ("(full[0] * arr).permute(1, 2, 0).numpy()", "((full[0] + arr) / 2).detach().permute(1, 2, 0).numpy()"),
)
fault(
    "e: map alone shown",
    "french_batch_of_two",
    "1e.original",
    ("    resultat = vers_tenseur(photo) * carte\n", ""),
    ("resultat.permute(1, 2, 0)", "carte, cmap='jet'"),
)
fault(
    "e: side by side",
    "state_dict_from_url",
    "1e.original",
    ("        return np.array(picture) / 255 * (np.array(m) / 255)[:, :, None]", "        return m"),
)
fault(
    "e: neither",
    "short",
    "1e.upsample 1e.original",
    ("plt.imshow((resize(cam(o)[None], (224, 224)) * img).permute(1, 2, 0))", "plt.imshow(cam(o))"),
)
fault(
    "e: neither in a loop",
    "list_closure_backward",
    "1e.upsample 1e.original",
    (
        '    m = torch.nn.functional.interpolate(m[None, None], size=(224, 224), mode="bilinear")[0, 0].numpy()\n    over = small * m[:, :, None]\n',
        "",
    ),
    ("plt.imshow(over)", "plt.imshow(m, cmap='viridis')"),
)
fault(
    "e: neither, beside the picture",
    "state_dict_from_url",
    "1e.upsample 1e.original",
    (
        "        m = Image.fromarray(np.uint8(255 * self.map(o))).resize(picture.size)\n        return np.array(picture) / 255 * (np.array(m) / 255)[:, :, None]",
        "        plt.subplot(1, 2, 1); plt.imshow(picture)\n        plt.subplot(1, 2, 2)\n        return self.map(o)",
    ),
)

# --- several ------------------------------------------------------------------------------------------------------
fault(
    "two: no eval, no clipping",
    "list_closure_backward",
    "1d.eval 1e.relu",
    ("net.eval()\n", ""),
    ("    cam = torch.relu(cam)\n", ""),
)
fault(
    "two: loss, blended",
    "class_with_two_hooks_cv2",
    "1e.gradient 1e.original",
    (
        "        logits[:, class_idx].sum().backward()",
        "        F.cross_entropy(logits, torch.tensor([class_idx])).backward()",
    ),
    (
        "masked = (rgb * cam[..., np.newaxis]).astype(np.uint8)",
        "heat = cv2.applyColorMap(np.uint8(255 * cam), cv2.COLORMAP_JET)[:, :, ::-1]\nmasked = np.uint8(0.4 * heat + 0.6 * rgb)",
    ),
)
fault("two: no clipping, not divided", "short", "1e.relu 1e.normalize", (".relu()\n", "\n"), ("c / c.max()", "c"))
fault(
    "two: no clipping, blended",
    "jacobian_and_class_names",
    "1e.relu 1e.original",
    ("    c = torch.nn.functional.relu(c)\n", ""),
    ("(full[0] * arr).permute(1, 2, 0).numpy()", "(0.5 * full[0] + 0.5 * arr).permute(1, 2, 0).numpy()"),
)
fault(
    "two: fixed class, normalized image",
    "class_with_two_hooks_cv2",
    "1e.function 1e.original",
    ("def __call__(self, x, class_idx=None):", "def __call__(self, x):"),
    (
        "        if class_idx is None:\n            class_idx = logits.argmax(dim=1).item()\n",
        "        class_idx = logits.argmax(dim=1).item()\n",
    ),
    (
        "masked = (rgb * cam[..., np.newaxis]).astype(np.uint8)",
        "masked = inp[0].cpu().numpy().transpose(1, 2, 0) * cam[..., np.newaxis]",
    ),
)
fault(
    "two: untrained, small map",
    "one_cell_everything",
    "1c.pretrained 1e.upsample",
    ('weights="IMAGENET1K_V1"', ""),
    ("cam = np.kron(cam, np.ones((32, 32)))\n", ""),
)
fault(
    "two: wrong layer, not divided",
    "feature_extractor_nodes",
    "1c.feature-map 1e.normalize",
    ('{"layer4": "map"', '{"layer3": "map"'),
    ("    return (cam / cam.max()).detach()", "    return cam.detach()"),
)
fault(
    "two: wrong layer, no clipping",
    "list_closure_backward",
    "1c.feature-map 1e.relu",
    ("net.layer4.register", "net.layer2.register"),
    ("torch.zeros(7, 7)", "torch.zeros(28, 28)"),
    ("range(512)", "range(128)"),
    ("    cam = torch.relu(cam)\n", ""),
)
fault(
    "three: flat, no clipping, alpha",
    "one_cell_everything",
    "1e.function 1e.relu 1e.original",
    (
        "def grad_cam(class_index):\n    out = model(tensor)\n    model.zero_grad(set_to_none=True)\n    out[0, class_index].backward()\n",
        "if True:\n    out = model(tensor)\n    model.zero_grad(set_to_none=True)\n    out[0, out.argmax()].backward()\n",
    ),
    ("    return cam\n", ""),
    ("cam = grad_cam(int(torch.argmax(logits)))\n", ""),
    ("    cam = np.where(cam < 0, 0, cam)\n", ""),
    ("plt.imshow(pixels * cam[:, :, None])", "plt.imshow(pixels); plt.imshow(cam, alpha=0.5, cmap='jet')"),
)
fault(
    "three: not resized, no eval, sum",
    "class_with_two_hooks_cv2",
    "1d.size 1d.eval 1e.normalize",
    ("rgb = cv2.resize(rgb, (224, 224))\n", ""),
    (".to(device).eval()", ".to(device)"),
    ("cam / (cam.max() + 1e-8)", "cam / cam.sum()"),
)
