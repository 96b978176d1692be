"""Faulty solutions of assignment 1: right ones with one fault each, and what the fault costs."""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.rubrics.assignment1.bank_right import HOOK_NET, HOOK_PREP, IMPORTS, RIGHT


@dataclass(frozen=True)
class Case:
    """A notebook and the outcomes that differ from ``met``: criterion → ``not-met``, ``partial``, ``carried`` or ``review``."""

    cells: list[str]
    lost: dict[str, str] = field(default_factory=dict)


def change(style: str, *replacements: tuple[str, str]) -> list[str]:
    """A right solution with some of its text replaced."""
    cells = list(RIGHT[style])
    for old, new in replacements:
        assert any(old in cell for cell in cells), f"{style} has no {old!r}"
        cells = [cell.replace(old, new) for cell in cells]
    return cells


def lost(*criteria: str) -> dict[str, str]:
    return dict.fromkeys(criteria, "not-met")


FAULTS: dict[str, Case] = {}

# --- 1c ---------------------------------------------------------------------------------------------------------
FAULTS["untrained"] = Case(
    change(
        "hook_dictionary_autograd",
        ("models.resnet18(weights=models.ResNet18_Weights.IMAGENET1K_V1)", "models.resnet18()"),
    ),
    lost("1c.pretrained"),
)
FAULTS["untrained_wrapper"] = Case(
    change("wrapper_tuple_analytic", ("pretrained=True", "pretrained=False")), lost("1c.pretrained")
)
FAULTS["resnet34"] = Case(
    change(
        "hook_dictionary_autograd",
        ("models.resnet18(weights=models.ResNet18_Weights.IMAGENET1K_V1)", "models.resnet34(weights='DEFAULT')"),
    ),
    lost("1c.pretrained"),
)
FAULTS["resnet50"] = Case(
    change(
        "hook_dictionary_autograd",
        (
            "models.resnet18(weights=models.ResNet18_Weights.IMAGENET1K_V1)",
            "models.resnet50(weights=models.ResNet50_Weights.IMAGENET1K_V2)",
        ),
    ),
    lost("1c.pretrained"),
)
FAULTS["resnet34_wrapper"] = Case(
    change("wrapper_tuple_analytic", ("models.resnet18(pretrained=True)", "models.resnet34(pretrained=True)")),
    lost("1c.pretrained"),
)
FAULTS["only_features"] = Case(
    change(
        "wrapper_tuple_analytic",
        ("return z, A", "return A"),
        ("z, A = net(batch)", "A = net(batch)"),
        ("for c in z[0].topk(3).indices.tolist():", "for c in [3, 281, 340]:"),
    ),
    lost("1c.logits"),
)
FAULTS["only_features_sequential"] = Case(
    [
        IMPORTS,
        """
resnet = models.resnet18(pretrained=True)
net = nn.Sequential(*list(resnet.children())[:-2])
net.eval()
""",
        """
picture = Image.open('image.jpg').convert('RGB').resize((224, 224))
x = transforms.Compose([transforms.ToTensor(), transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])(picture)[None]
A = net(x).detach()
""",
        """
def cam(o):
    s = torch.relu(torch.einsum('q,qkm->km', resnet.fc.weight[o].detach(), A[0]))
    s = s / s.max()
    return np.array(picture) / 255 * F.interpolate(s[None, None], (224, 224), mode='bilinear')[0, 0].numpy()[..., None]
plt.imshow(cam(281))
""",
    ],
    lost("1c.logits"),
)
FAULTS["probabilities"] = Case(
    change("wrapper_tuple_analytic", ("return z, A", "return torch.softmax(z, dim=1), A")), lost("1c.logits")
)
FAULTS["layer3"] = Case(
    change(
        "hook_dictionary_autograd",
        ("model.layer4.register", "model.layer3.register"),
        ("feature_map = activations['layer4']", "feature_map = activations['layer4']"),
    ),
    lost("1c.feature-map"),
)
FAULTS["features_not_saved_hook_without_global"] = Case(
    [
        IMPORTS,
        """
model = models.resnet18(weights='DEFAULT')
model.eval()
features = None
def hook(module, inp, out):
    features = out.detach()
model.layer4.register_forward_hook(hook)
""",
        HOOK_PREP.replace("feature_map = activations['layer4']\n", "").replace(", feature_map.shape", ""),
    ],
    {
        "1c.feature-map": "not-met",
        **lost(
            *(
                f"1e.{name}"
                for name in ("function", "gradient", "weighted-sum", "relu", "normalize", "upsample", "original")
            )
        ),
    },
)
FAULTS["features_local_in_forward"] = Case(
    [
        IMPORTS,
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.base = models.resnet18(weights='DEFAULT')
    def forward(self, x):
        b = self.base
        x = b.maxpool(b.relu(b.bn1(b.conv1(x))))
        x = b.layer1(x)
        x = b.layer2(x)
        x = b.layer3(x)
        features = b.layer4(x)
        pooled = torch.flatten(b.avgpool(features), 1)
        return b.fc(pooled)
model = Net()
model.eval()
""",
        HOOK_PREP.replace("feature_map = activations['layer4']\n", "").replace(", feature_map.shape", ""),
    ],
    {
        "1c.feature-map": "not-met",
        **lost(
            *(
                f"1e.{name}"
                for name in ("function", "gradient", "weighted-sum", "relu", "normalize", "upsample", "original")
            )
        ),
    },
)

# --- 1d ---------------------------------------------------------------------------------------------------------
FAULTS["only_shorter_side"] = Case(
    change(
        "hook_dictionary_autograd",
        ("    transforms.Resize(256),\n    transforms.CenterCrop(224),\n", "    transforms.Resize(224),\n"),
        (
            "transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor()])(img)",
            "transforms.Compose([transforms.Resize(224), transforms.ToTensor()])(img)",
        ),
        ("size=(224, 224)", "size=original.shape[-2:]"),
    ),
    lost("1d.size"),
)
FAULTS["size_256"] = Case(change("wrapper_tuple_analytic", ("(224, 224)", "(256, 256)")), lost("1d.size"))
FAULTS["not_normalized"] = Case(
    change(
        "hook_dictionary_autograd",
        ("    transforms.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]),\n", ""),
    ),
    {"1d.normalize": "partial"},
)
FAULTS["not_normalized_numpy"] = Case(
    change("wrapper_tuple_analytic", ("((rgb - mean) / std)", "rgb")), {"1d.normalize": "partial"}
)
FAULTS["other_statistics"] = Case(
    change(
        "split_retain_grad",
        (
            "transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))",
            "transforms.Normalize((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))",
        ),
    ),
    {"1d.normalize": "partial"},
)
FAULTS["cifar_statistics"] = Case(
    change(
        "temporary_hooks",
        (
            "mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]",
            "mean=[0.4914, 0.4822, 0.4465], std=[0.2470, 0.2435, 0.2616]",
        ),
    ),
    {"1d.normalize": "partial"},
)
FAULTS["raw_pixels"] = Case(
    change(
        "wrapper_tuple_analytic",
        (
            "torch.from_numpy(((rgb - mean) / std).transpose(2, 0, 1))",
            "torch.from_numpy((rgb * 255).transpose(2, 0, 1))",
        ),
    ),
    lost("1d.normalize"),
)
FAULTS["no_batch"] = Case(
    [
        IMPORTS,
        HOOK_NET,
        HOOK_PREP.replace(".unsqueeze(0)", ""),
        """
def grad_cam(o):
    A = activations['layer4']
    w = model.fc.weight[o]
    cam = F.relu((w.view(-1, 1, 1) * A[0]).sum(0))
    cam = cam / cam.max()
    return F.interpolate(cam[None, None], size=(224, 224), mode='bilinear')[0, 0]
original = transforms.ToTensor()(transforms.CenterCrop(224)(transforms.Resize(256)(img)))
result = original * grad_cam(281)
plt.imshow(result.permute(1, 2, 0).detach())
""",
    ],
    {"1d.batch": "not-met", "1d.extract": "carried"},
)
FAULTS["training_mode"] = Case(change("hook_dictionary_autograd", ("model.eval()\n", "")), lost("1d.eval"))
FAULTS["training_mode_wrapper"] = Case(change("wrapper_tuple_analytic", ("net.eval()\n", "")), lost("1d.eval"))
FAULTS["never_fed"] = Case(
    [
        IMPORTS,
        HOOK_NET,
        HOOK_PREP.replace(
            "logits = model(x)\nfeature_map = activations['layer4']\nprint(logits.shape, feature_map.shape)\n", ""
        ),
    ],
    {
        "1d.extract": "not-met",
        **lost(
            *(
                f"1e.{name}"
                for name in ("function", "gradient", "weighted-sum", "relu", "normalize", "upsample", "original")
            )
        ),
    },
)

# --- 1e, one step after the other, in several styles -------------------------------------------------------------
FAULTS["no_function"] = Case(
    [
        IMPORTS,
        HOOK_NET,
        HOOK_PREP,
        """
o = logits.argmax(dim=1).item()
alpha = model.fc.weight[o].detach() / 49
cam = (alpha[:, None, None] * feature_map[0].detach()).sum(0)
cam = F.relu(cam)
cam = cam / cam.max()
cam = F.interpolate(cam[None, None], size=(224, 224), mode='bilinear', align_corners=False)[0]
original = transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor()])(img)
plt.imshow((original * cam).permute(1, 2, 0).numpy())
""",
    ],
    lost("1e.function"),
)
FAULTS["function_of_best_class"] = Case(
    change(
        "wrapper_tuple_analytic",
        ("def compute_map(A, W, c):\n", "def compute_map(A, W):\n    c = z[0].argmax()\n"),
        ("def show(c):", "def show():"),
        ("compute_map(A, W, c)", "compute_map(A, W)"),
        ("plt.title(str(c))", "plt.title('cam')"),
        ("for c in z[0].topk(3).indices.tolist():\n    show(c)", "show()"),
    ),
    lost("1e.function"),
)
FAULTS["sum_of_all_logits"] = Case(
    change("hook_dictionary_autograd", ("logits[0, o], feature_map", "logits.sum(), feature_map")), lost("1e.gradient")
)
FAULTS["backward_of_ones"] = Case(
    change("class_with_hooks", ("logits[:, target].sum().backward()", "logits.backward(torch.ones_like(logits))")),
    lost("1e.gradient"),
)
FAULTS["softmax_gradient"] = Case(
    change("split_retain_grad", ("scores[0, class_id].backward", "torch.softmax(scores, 1)[0, class_id].backward")),
    lost("1e.gradient"),
)
FAULTS["cross_entropy_gradient"] = Case(
    change(
        "class_with_hooks",
        ("logits[:, target].sum().backward()", "F.cross_entropy(logits, torch.tensor([target])).backward()"),
    ),
    lost("1e.gradient"),
)
FAULTS["means_of_features_as_weights"] = Case(
    change("wrapper_tuple_analytic", ("W[c], A[0]", "A[0].mean((1, 2)), A[0]")), lost("1e.gradient")
)
FAULTS["absolute_weights"] = Case(
    change("second_network", ("(weights[o] / 49)", "(weights[o].abs() / 49)")), lost("1e.gradient")
)
FAULTS["saliency"] = Case(
    [
        IMPORTS,
        HOOK_NET,
        HOOK_PREP,
        """
original = transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor()])(img)
def saliency(o):
    inp = x.clone().requires_grad_(True)
    model(inp)[0, o].backward()
    s = inp.grad[0].max(dim=0).values
    s = F.relu(s)
    return s / s.max()
plt.imshow((original * saliency(281)).permute(1, 2, 0))
""",
    ],
    lost("1e.gradient", "1e.weighted-sum"),
)
FAULTS["weights_unused"] = Case(
    change(
        "second_network",
        ("cam = torch.sum(a * fm[0], dim=0)", "cam = torch.sum(fm[0], dim=0)"),
        ("cam[cam < 0] = 0", "cam = torch.relu(cam)"),
    ),
    lost("1e.weighted-sum"),
)
FAULTS["no_sum"] = Case(
    change("second_network", ("cam = torch.sum(a * fm[0], dim=0)", "cam = (a * fm[0])[0]")), lost("1e.weighted-sum")
)
FAULTS["no_clipping"] = Case(change("hook_dictionary_autograd", ("    cam = F.relu(cam)\n", "")), lost("1e.relu"))
FAULTS["no_clipping_numpy"] = Case(
    change("replaced_forward_numpy", ("    cam = np.maximum(cam, 0)\n", "")), lost("1e.relu")
)
FAULTS["shifted_instead_of_clipped"] = Case(
    change(
        "wrapper_tuple_analytic",
        ("    M = torch.clamp(M, min=0)\n    return M / M.max()", "    return (M - M.min()) / (M.max() - M.min())"),
    ),
    lost("1e.relu"),
)
FAULTS["weights_clipped"] = Case(
    change(
        "hook_dictionary_autograd",
        ("alpha = grad.mean(dim=(2, 3), keepdim=True)", "alpha = F.relu(grad.mean(dim=(2, 3), keepdim=True))"),
        ("    cam = F.relu(cam)\n", ""),
    ),
    lost("1e.relu"),
)
FAULTS["channels_clipped"] = Case(
    change(
        "split_retain_grad",
        ("heat = heat + weight * fmap[0, i].detach()", "heat = heat + torch.relu(weight * fmap[0, i].detach())"),
        ("    heat = torch.where(heat > 0, heat, torch.zeros_like(heat))\n", ""),
    ),
    lost("1e.relu"),
)
FAULTS["absolute_map"] = Case(
    change("subclass_attribute", ("torch.relu(torch.matmul(", "torch.abs(torch.matmul(")), lost("1e.relu")
)
FAULTS["not_normalized_map"] = Case(
    change("hook_dictionary_autograd", ("    cam = cam / cam.max()\n", "")), lost("1e.normalize")
)
FAULTS["divided_by_sum"] = Case(
    change("wrapper_tuple_analytic", ("return M / M.max()", "return M / M.sum()")), lost("1e.normalize")
)
FAULTS["divided_by_norm"] = Case(
    change("second_network", ("cam /= cam.max()", "cam /= cam.norm()")), lost("1e.normalize")
)
FAULTS["divided_by_255"] = Case(
    change("replaced_forward_numpy", ("cam = cam / (cam.max() + 1e-8)", "cam = cam / 255")), lost("1e.normalize")
)
FAULTS["wrong_size_and_crash"] = Case(
    change(
        "hook_dictionary_autograd",
        ("    cam = F.interpolate(cam, size=(224, 224), mode='bilinear', align_corners=False)\n", ""),
    ),
    lost("1e.upsample"),
)
FAULTS["wrong_enlargement"] = Case(
    change("second_network", ("size=(224, 224), mode='bilinear')(cam", "size=(112, 112), mode='bilinear')(cam")),
    lost("1e.upsample"),
)
FAULTS["normalized_image"] = Case(
    change("hook_dictionary_autograd", ("overlay = original * cam", "overlay = x[0] * cam")), lost("1e.original")
)
FAULTS["normalized_image_clipped"] = Case(
    change(
        "class_with_hooks",
        (
            "unnormalized = input_tensor[0].cpu() * std + mean\nresult = unnormalized * mask",
            "result = (input_tensor[0].cpu() * mask).clamp(0, 1)",
        ),
    ),
    lost("1e.original"),
)
FAULTS["alpha_blending"] = Case(
    change(
        "wrapper_tuple_analytic",
        (
            "result = rgb * M[:, :, None]",
            "colour = plt.get_cmap('jet')(M)[:, :, :3]\n    result = 0.6 * rgb + 0.4 * colour",
        ),
    ),
    lost("1e.original"),
)
FAULTS["blend_by_imshow"] = Case(
    change(
        "hook_dictionary_autograd",
        (
            "overlay = original * cam\nplt.imshow(overlay.permute(1, 2, 0).numpy())",
            "plt.imshow(original.permute(1, 2, 0).numpy())\nplt.imshow(cam, cmap='jet', alpha=0.5)",
        ),
    ),
    lost("1e.original"),
)
FAULTS["neither_enlarged_nor_applied"] = Case(
    change(
        "wrapper_tuple_analytic",
        (
            "    M = np.array(Image.fromarray(M).resize((224, 224), Image.BICUBIC))\n    result = rgb * M[:, :, None]\n    plt.imshow(np.clip(result, 0, 1))\n",
            "    plt.imshow(M, cmap='jet')\n",
        ),
    ),
    lost("1e.upsample", "1e.original"),
)
FAULTS["no_overlay_hook"] = Case(
    change(
        "hook_dictionary_autograd",
        ("    cam = F.interpolate(cam, size=(224, 224), mode='bilinear', align_corners=False)\n", ""),
        ("overlay = original * cam\nplt.imshow(overlay.permute(1, 2, 0).numpy())", "plt.imshow(cam)"),
    ),
    lost("1e.upsample", "1e.original"),
)
