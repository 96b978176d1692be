"""Faulty solutions: the freely written ones of this folder with a fault, labelled by the marking scheme alone."""

from __future__ import annotations

from tests.rubrics.assignment1.bank_faults import Case, lost
from tests.rubrics.assignment1.bank_free_forms import FORMS
from tests.rubrics.assignment1.bank_free_hooks import HOOKS
from tests.rubrics.assignment1.bank_free_networks import NETWORKS
from tests.rubrics.assignment1.notebooks import altered

WRITTEN = {**HOOKS, **NETWORKS, **FORMS}
FREE_FAULTS: dict[str, Case] = {}


def fault(name: str, style: str, criteria: str, *replacements: tuple[str, str]) -> None:
    """Adds a case: criteria that are not met, with spaces between; ``1d.normalize/`` means a part of its points."""
    partial = {criterion.rstrip("/"): "partial" for criterion in criteria.split() if criterion.endswith("/")}
    wholly = lost(*(criterion for criterion in criteria.split() if not criterion.endswith("/")))
    assert name not in FREE_FAULTS
    FREE_FAULTS[name] = Case(altered(WRITTEN[style], *replacements), {**wholly, **partial})


# --- 1c.pretrained ------------------------------------------------------------------------------------------------
fault("c: weights none", "list_closure_backward", "1c.pretrained", ('weights="IMAGENET1K_V1"', "weights=None"))
fault("c: pretrained false", "class_with_two_hooks_cv2", "1c.pretrained", ("pretrained=True", "pretrained=False"))
fault(
    "c: state never loaded",
    "subclass_of_resnet",
    "1c.pretrained",
    ("        self.load_state_dict(ResNet18_Weights.IMAGENET1K_V1.get_state_dict(progress=False))\n", ""),
)
fault(
    "c: keys do not fit",
    "state_dict_from_url",
    "1c.pretrained",
    (
        "print(model.load_state_dict(state))",
        'state = {"module." + name: part for name, part in state.items()}\nprint(model.load_state_dict(state, strict=False))',
    ),
)
fault(
    "c: thirty-four",
    "methodtype_forward",
    "1c.pretrained",
    (
        "torchvision.models.resnet18(weights=torchvision.models.ResNet18_Weights.DEFAULT)",
        "torchvision.models.resnet34(weights=torchvision.models.ResNet34_Weights.DEFAULT)",
    ),
)
fault("c: thirty-four by children", "wrapper_children", "1c.pretrained", ("models.resnet18", "models.resnet34"))
fault(
    "c: fifty",
    "dictionary_grad_hook_on_tensor",
    "1c.pretrained",
    ("import resnet18, ResNet18_Weights", "import resnet50, ResNet50_Weights"),
    ("resnet18(weights=ResNet18_Weights.DEFAULT)", "resnet50(weights=ResNet50_Weights.IMAGENET1K_V1)"),
)
fault(
    "c: initialized anew",
    "two_halves",
    "1c.pretrained",
    (
        "r.eval()\n",
        "for p in r.parameters():\n    if p.dim() > 1:\n        torch.nn.init.kaiming_normal_(p)\nr.eval()\n",
    ),
)
fault(
    "c: untrained by hub",
    "partial_and_namespace",
    "1c.pretrained",
    ('"resnet18", weights="ResNet18_Weights.IMAGENET1K_V1"', '"resnet18"'),
)

# --- 1c.logits ----------------------------------------------------------------------------------------------------
fault(
    "c: map alone returned",
    "subclass_of_resnet",
    "1c.logits",
    ("        z = self.fc(torch.flatten(self.avgpool(A), 1))\n        return z, A\n", "        return A\n"),
    ("z, A = network(", "A = network("),
    (
        "def gradcam(z, A, o):\n    dz_dA, = torch.autograd.grad(z[:, o], A, retain_graph=True)\n    alpha = dz_dA.mean(dim=(2, 3))\n",
        "def gradcam(A, o):\n    alpha = network.fc.weight[o][None] / 49\n",
    ),
    ("gradcam(z, A, z.argmax())", "gradcam(A, 207)"),
)
fault(
    "c: probabilities",
    "wrapper_children",
    "1c.logits",
    ("        out = self.classifier(out)\n", "        out = torch.softmax(self.classifier(out), dim=1)\n"),
)
fault(
    "c: probabilities of a subclass",
    "main_function",
    "1c.logits",
    (
        'res["logits"] = self.lin(self.avg(res["map"]).flatten(1))',
        'res["logits"] = self.lin(self.avg(res["map"]).flatten(1)).softmax(1)',
    ),
    (
        '    g = torch.autograd.grad(res["logits"][0, cls], res["map"], retain_graph=True)[0]\n    al = g[0].flatten(1).mean(1)\n',
        "    al = lin.weight[cls]\n",
    ),
    ("    cam = compute(res, cls)", "    global lin\n    lin = model.lin\n    cam = compute(res, cls)"),
)
fault(
    "c: ten classes",
    "state_dict_from_url",
    "1c.logits",
    ("print(model.load_state_dict(state))", "print(model.load_state_dict(state))\nmodel.fc = nn.Linear(512, 10)"),
)
fault(
    "c: extractor without fc",
    "feature_extractor_nodes",
    "1c.logits",
    ('{"layer4": "map", "fc": "logits"}', '{"layer4": "map"}'),
    ('log.info("logits %s map %s", out["logits"].shape, out["map"].shape)\n', ""),
    (
        '    grad = torch.autograd.grad(outputs=out["logits"][0, o], inputs=out["map"], retain_graph=True)[0]\n    alpha = grad.mean(dim=(2, 3), keepdim=True)\n',
        "    alpha = base.fc.weight[o].reshape(1, -1, 1, 1)\n",
    ),
    ('o = int(out["logits"].argmax(-1))', "o = 258"),
)

# --- 1c.feature-map -----------------------------------------------------------------------------------------------
fault(
    "c: wrong layer hooked",
    "list_closure_backward",
    "1c.feature-map",
    ("net.layer4.register", "net.layer3.register"),
    ("torch.zeros(7, 7)", "torch.zeros(14, 14)"),
    ("range(512)", "range(256)"),
)
fault(
    "c: wrong layer named",
    "dictionary_grad_hook_on_tensor",
    "1c.feature-map",
    ('resnet.layer4.register_forward_hook(keep("layer4"))', 'resnet.layer3.register_forward_hook(keep("layer4"))'),
)
fault("c: wrong node", "feature_extractor_nodes", "1c.feature-map", ('{"layer4": "map"', '{"layer3": "map"'))
fault(
    "c: local in forward",
    "methodtype_forward",
    "1c.feature-map",
    ("    self.feature_map = x\n", "    feature_map = x\n"),
)
fault(
    "c: logits alone",
    "wrapper_children",
    "1c.feature-map",
    ("        return out, fm\n", "        return out\n"),
    ("    logit, feature_map = net(n(img).unsqueeze(0))", "    logit = net(n(img).unsqueeze(0))"),
)
fault(
    "c: hook defined but not registered",
    "analytic_inference_mode",
    "1c.feature-map",
    ("model.layer4.register_forward_hook(hook_fn)\n", ""),
)
fault(
    "c: hook keeps the shape",
    "top_classes_dict_of_results",
    "1c.feature-map",
    ("buffer.append(out.detach())", "buffer.append(out.shape)"),
)
fault(
    "c: pooled map",
    "preprocessing_inside",
    "1c.feature-map",
    ("self.backbone.layer4.register", "self.backbone.avgpool.register"),
)
fault(
    "c: attribute without map",
    "french_batch_of_two",
    "1c.feature-map",
    (
        "        self.carte = self.layer4(x)\n        return self.fc(self.carte.mean(dim=[2, 3]))\n",
        "        carte = self.layer4(x)\n        return self.fc(carte.mean(dim=[2, 3]))\n",
    ),
)

# --- 1d.size ------------------------------------------------------------------------------------------------------
fault(
    "d: shorter side alone", "wrapper_children", "1d.size", ("transforms.Resize((224,224))", "transforms.Resize(224)")
)
fault("d: not resized", "class_with_two_hooks_cv2", "1d.size", ("rgb = cv2.resize(rgb, (224, 224))\n", ""))
fault("d: 256", "failing_and_stray_cells", "1d.size", ("Resize((224, 224))", "Resize((256, 256))"))
fault("d: no crop", "methodtype_forward", "1d.size", ("tt.CenterCrop(224), ", ""))
fault(
    "d: crop of 256",
    "conv2_pre_hook_on_avgpool",
    "1d.size",
    (
        "center_crop(tf.functional.resize(image, 256), [224, 224])",
        "center_crop(tf.functional.resize(image, 300), [256, 256])",
    ),
    ("resize(h[None], [224, 224])", "resize(h[None], [256, 256])"),
)
fault(
    "d: 128 by tensors",
    "preprocessing_inside",
    "1d.size",
    ('size=(224, 224), mode="bilinear", antialias', 'size=(128, 128), mode="bilinear", antialias'),
)
fault(
    "d: 299",
    "vjp_of_the_head",
    "1d.size",
    ("im.resize((224, 224))", "im.resize((299, 299))"),
    (".view(1, 1, 7, 7)", ".view(1, 1, *A.shape[2:])"),
)

# --- 1d.normalize -------------------------------------------------------------------------------------------------
fault(
    "d: only ToTensor",
    "list_closure_backward",
    "1d.normalize/",
    ("    T.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]),\n", ""),
)
fault(
    "d: one half everywhere",
    "wrapper_children",
    "1d.normalize/",
    ("mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]", "mean=[0.5, 0.5, 0.5], std=[0.5, 0.5, 0.5]"),
)
fault(
    "d: only divided",
    "class_with_two_hooks_cv2",
    "1d.normalize/",
    (
        "inp = (inp - np.array([0.485, 0.456, 0.406], dtype=np.float32)) / np.array([0.229, 0.224, 0.225], dtype=np.float32)\n",
        "",
    ),
)
fault(
    "d: raw pixels",
    "one_cell_everything",
    "1d.normalize",
    ("norm = (pixels - np.array([0.485, 0.456, 0.406])) / np.array([0.229, 0.224, 0.225])", "norm = pixels * 255"),
)
fault(
    "d: raw bytes to float",
    "preprocessing_inside",
    "1d.normalize",
    ("pooled = self.backbone((x - self.mean) / self.std)", "pooled = self.backbone(x)"),
    (".unsqueeze(0).float() / 255", ".unsqueeze(0).float()"),
    ("plt.imshow((img * cam)[0]", "plt.imshow((img / 255 * cam)[0]"),
)
fault(
    "d: mean and deviation of the image",
    "partial_and_namespace",
    "1d.normalize/",
    (
        "x = ((x - MEAN) / STD).unsqueeze(0)",
        "x = ((x - x.mean((1, 2), keepdim=True)) / x.std((1, 2), keepdim=True)).unsqueeze(0)",
    ),
)
fault(
    "d: statistics of CIFAR",
    "two_halves",
    "1d.normalize/",
    ("[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]", "[0.4914, 0.4822, 0.4465], [0.2023, 0.1994, 0.2010]"),
)
fault(
    "d: mean alone",
    "layer_getter_and_full_network",
    "1d.normalize/",
    ("x = (arr - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]", "x = arr - [0.485, 0.456, 0.406]"),
)
fault(
    "d: only scaled by v2",
    "feature_extractor_nodes",
    "1d.normalize/",
    (", T.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])", ""),
)

fault(
    "d: statistics on bytes",
    "class_with_two_hooks_cv2",
    "1d.normalize",
    ("inp = rgb.astype(np.float32) / 255\n", "inp = rgb.astype(np.float32)\n"),
)
fault(
    "d: statistics on bytes by numpy",
    "layer_getter_and_full_network",
    "1d.normalize",
    ("x = (arr - [0.485, 0.456, 0.406])", "x = (255 * arr - [0.485, 0.456, 0.406])"),
)
fault(
    "d: statistics on bytes by buffers",
    "preprocessing_inside",
    "1d.normalize",
    (".unsqueeze(0).float() / 255", ".unsqueeze(0).float()"),
    ("plt.imshow((img * cam)[0]", "plt.imshow((img / 255 * cam)[0]"),
)

# --- 1d.batch -----------------------------------------------------------------------------------------------------
fault(
    "d: no batch",
    "failing_and_stray_cells",
    "1d.batch",
    ("inputs = transform(img).unsqueeze(0)", "inputs = transform(img)"),
)
fault(
    "d: no batch by hand",
    "layer_getter_and_full_network",
    "1d.batch",
    (".permute(2, 0, 1).unsqueeze(0).float()", ".permute(2, 0, 1).float()"),
)
fault(
    "d: no batch with weights' transforms",
    "analytic_inference_mode",
    "1d.batch",
    ("weights.transforms()(image).unsqueeze(0)", "weights.transforms()(image)"),
)
fault("d: no batch in a class", "several_results", "1d.batch", ("x = pre(original)[None]", "x = pre(original)"))

# --- 1d.eval ------------------------------------------------------------------------------------------------------
fault("d: never eval", "list_closure_backward", "1d.eval", ("net.eval()\n", ""))
fault("d: train", "vjp_of_the_head", "1d.eval", ("net.train(False)", "net.train()"))
fault("d: eval of the inner one before", "subclass_of_resnet", "1d.eval", ("network.eval()\n", ""))
fault(
    "d: eval afterwards",
    "failing_and_stray_cells",
    "1d.eval",
    (
        "model.eval()\noutputs = model(inputs)\nfm = feats['layer4']",
        "outputs = model(inputs)\nfm = feats['layer4']\nmodel.eval()",
    ),
)
fault("d: wrapper without eval", "wrapper_children", "1d.eval", ("net.eval()\n", ""))
fault("d: named but not called", "methodtype_forward", "1d.eval", ("model.eval()\n", "model.eval\n"))

# --- 1d.extract ---------------------------------------------------------------------------------------------------
fault(
    "d: results dropped",
    "two_halves",
    "1d.extract",
    ("A = part1(x)\nz = part2(A)\n", "part2(part1(x))\n"),
    ("A[0]).sum(0))", "part1(x)[0]).sum(0))"),
    ("z.argmax(1).item()", "207"),
)
