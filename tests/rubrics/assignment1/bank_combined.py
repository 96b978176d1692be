"""Faulty solutions with several faults, faults in other styles, and crashes."""

from __future__ import annotations

from tests.rubrics.assignment1.bank_faults import Case, change, lost
from tests.rubrics.assignment1.bank_more import MORE
from tests.rubrics.assignment1.bank_right import HOOK_NET, HOOK_PREP, IMPORTS, RIGHT, WRAPPER_NET, WRAPPER_PREP

COMBINED: dict[str, Case] = {}


def more(style: str, *replacements: tuple[str, str]) -> list[str]:
    cells = list(MORE[style])
    for old, new in replacements:
        assert any(old in cell for cell in cells), f"{style} has no {old!r}"
        cells = [cell.replace(old, new) for cell in cells]
    return cells


COMBINED["squeezed_features_are_right"] = Case(
    change(
        "global_statement_numpy",
        ("feature_maps = output.detach().clone()", "feature_maps = output.detach().squeeze()"),
        ("bz, nc, h, w = fm.shape", "nc, h, w = fm.shape"),
    )
)
COMBINED["blue_green_red_is_no_fault"] = Case(
    change("replaced_forward_numpy", ("picture = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)", "picture = bgr"))
)
COMBINED["maximum_before_clipping_is_right"] = Case(
    change(
        "hook_dictionary_autograd",
        ("    cam = F.relu(cam)\n    cam = cam / cam.max()\n", "    cam = cam / cam.max()\n    cam = F.relu(cam)\n"),
    )
)
COMBINED["crash_after_the_work"] = Case([*RIGHT["one_cell"], "print(undefined_name)"])
COMBINED["cells_in_unlucky_order"] = Case(
    [IMPORTS, "cam = None\nprint(grad_cam(281))", *RIGHT["hook_dictionary_autograd"][1:]]
)
COMBINED["clipped_result_is_dropped"] = Case(
    change("hook_dictionary_autograd", ("    cam = F.relu(cam)\n", "    F.relu(cam)\n")), lost("1e.relu")
)
COMBINED["explicit_ones"] = Case(
    change("second_network", ("(weights[o] / 49)", "torch.ones(512)")), lost("1e.gradient")
)
COMBINED["logit_as_weight"] = Case(
    change("second_network", ("a = (weights[o] / 49).view(512, 1, 1)", "a = out[0, o]")), lost("1e.gradient")
)
COMBINED["mean_without_weights"] = Case(
    change(
        "second_network",
        ("    a = (weights[o] / 49).view(512, 1, 1)\n", ""),
        ("torch.sum(a * fm[0], dim=0)", "fm[0].mean(dim=0)"),
    ),
    {"1e.gradient": "not-met", "1e.weighted-sum": "review"},
)
COMBINED["always_the_best_class"] = Case(
    change("class_with_hooks", ("if target is None:\n            target =", "if True:\n            target =")),
    lost("1e.function"),
)
COMBINED["two_steps_missing"] = Case(
    change(
        "replaced_forward_numpy", ("    cam = np.maximum(cam, 0)\n", ""), ("    cam = cam / (cam.max() + 1e-8)\n", "")
    ),
    lost("1e.relu", "1e.normalize"),
)
COMBINED["no_function_and_normalized_image"] = Case(
    [
        IMPORTS,
        WRAPPER_NET,
        WRAPPER_PREP,
        """
o = 281
alpha = W[o]
M = torch.zeros(7, 7)
for q in range(512):
    M += alpha[q] * A[0, q]
M = torch.clamp(M, min=0)
M = M / M.max()
M = F.interpolate(M[None, None], size=(224, 224), mode='bilinear')[0, 0]
plt.imshow((batch[0] * M).permute(1, 2, 0))
""",
    ],
    lost("1e.function", "1e.original"),
)
COMBINED["only_clipped_weights_and_no_product"] = Case(
    change(
        "second_network",
        ("a = (weights[o] / 49)", "a = torch.relu(weights[o] / 49)"),
        ("    cam[cam < 0] = 0\n", ""),
        (
            "return (raw / 255) * cam.numpy()[:, :, None]",
            "return 0.5 * (raw / 255) + 0.5 * plt.cm.jet(cam.numpy())[..., :3]",
        ),
    ),
    lost("1e.relu", "1e.original"),
)
COMBINED["untrained_and_not_normalized"] = Case(
    change(
        "wrapper_tuple_analytic",
        ("pretrained=True", "weights=None"),
        ("((rgb - mean) / std)", "rgb"),
        ("net.eval()\n", ""),
    ),
    {"1c.pretrained": "not-met", "1d.normalize": "partial", "1d.eval": "not-met"},
)
COMBINED["average_pooled_features"] = Case(
    [
        IMPORTS,
        HOOK_NET.replace("model.layer4.register", "model.avgpool.register"),
        HOOK_PREP,
        """
def cam(o):
    alpha = model.fc.weight[o].view(1, 512, 1, 1)
    m = (alpha * feature_map).sum(1)
    m = F.relu(m)
    m = m / m.max()
    return F.interpolate(m[None], size=(224, 224))[0]
original = transforms.ToTensor()(transforms.CenterCrop(224)(transforms.Resize(256)(img)))
plt.imshow((original * cam(logits.argmax().item())).permute(1, 2, 0).detach())
""",
    ],
    lost("1c.feature-map"),
)
COMBINED["new_final_layer"] = Case(
    change("wrapper_tuple_analytic", ("self.fc = base.fc", "self.fc = nn.Linear(512, 1000)")), lost("1c.logits")
)
COMBINED["method_without_clipping"] = Case(
    more("method_of_network", ("        heatmap = np.maximum(heatmap, 0)\n", "")), lost("1e.relu")
)
COMBINED["method_blends"] = Case(
    more(
        "method_of_network",
        (
            "superimposed = img * heat[..., None] / 255",
            "heat = cv2.applyColorMap(np.uint8(255 * heat), cv2.COLORMAP_JET)\nsuperimposed = np.clip(heat * 0.4 + img, 0, 255).astype(np.uint8)",
        ),
    ),
    lost("1e.original"),
)
COMBINED["batched_normalized_image"] = Case(
    more("batched_function", ("explain(model, x, 100, picture)", "explain(model, x, 100, x)")), lost("1e.original")
)
COMBINED["loader_without_normalization"] = Case(
    more("dataclass_and_loader", ("self.n(self.t(self.image))", "self.t(self.image)")), {"1d.normalize": "partial"}
)
COMBINED["one_function_all_logits"] = Case(
    more("one_function_for_all", ("outputs=logits[0][o]", "outputs=logits.sum()")), lost("1e.gradient")
)
COMBINED["log_softmax_gradient"] = Case(
    more("one_function_for_all", ("outputs=logits[0][o]", "outputs=torch.log_softmax(logits, 1)[0][o]")),
    lost("1e.gradient"),
)
COMBINED["loop_never_normalized"] = Case(
    more("class_method_returns_all", ("    L.div_(L.max())\n", "")), lost("1e.normalize")
)
COMBINED["sigmoid_instead_of_maximum"] = Case(
    more("global_class_variable_and_function", ("return torch.div(m, m.max())", "return torch.sigmoid(m)")),
    lost("1e.normalize"),
)
COMBINED["map_of_256"] = Case(
    change(
        "wrapper_tuple_analytic",
        (
            "M = np.array(Image.fromarray(M).resize((224, 224), Image.BICUBIC))",
            "M = np.array(Image.fromarray(M).resize((256, 256), Image.BICUBIC))",
        ),
    ),
    lost("1e.upsample"),
)
COMBINED["picture_shrunk_to_map"] = Case(
    change(
        "wrapper_tuple_analytic",
        (
            "    M = np.array(Image.fromarray(M).resize((224, 224), Image.BICUBIC))\n    result = rgb * M[:, :, None]",
            "    small = np.array(image.resize((7, 7))) / 255\n    result = small * M[:, :, None]",
        ),
    ),
    lost("1e.upsample"),
)
COMBINED["product_of_normalized_picture_and_small_map"] = Case(
    change(
        "wrapper_tuple_analytic",
        (
            "    M = np.array(Image.fromarray(M).resize((224, 224), Image.BICUBIC))\n    result = rgb * M[:, :, None]",
            "    result = batch[0].numpy() * M",
        ),
    ),
    lost("1e.upsample", "1e.original"),
)
COMBINED["only_text"] = Case(
    ["#md # Task 1(c)", "print('I ran out of time')"],
    lost(
        *[
            "1c.pretrained",
            "1c.logits",
            "1c.feature-map",
            "1d.size",
            "1d.normalize",
            "1d.batch",
            "1d.eval",
            "1d.extract",
            *(
                f"1e.{name}"
                for name in ("function", "gradient", "weighted-sum", "relu", "normalize", "upsample", "original")
            ),
        ]
    ),
)
COMBINED["only_the_network"] = Case(
    [IMPORTS, WRAPPER_NET],
    lost(
        *[
            "1d.size",
            "1d.normalize",
            "1d.batch",
            "1d.eval",
            "1d.extract",
            *(
                f"1e.{name}"
                for name in ("function", "gradient", "weighted-sum", "relu", "normalize", "upsample", "original")
            ),
        ]
    ),
)
COMBINED["only_a_plain_network"] = Case(
    [IMPORTS, "model = models.resnet18(weights='DEFAULT')"],
    lost(
        *[
            "1c.feature-map",
            "1d.size",
            "1d.normalize",
            "1d.batch",
            "1d.eval",
            "1d.extract",
            *(
                f"1e.{name}"
                for name in ("function", "gradient", "weighted-sum", "relu", "normalize", "upsample", "original")
            ),
        ]
    ),
)
