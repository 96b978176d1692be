"""Cases at the border: crashes, uncalled code, unusual places, and what is carried from an earlier fault."""

from __future__ import annotations

from tests.rubrics.assignment1.bank_faults import Case, change, lost
from tests.rubrics.assignment1.bank_right import HOOK_NET, HOOK_PREP, IMPORTS, RIGHT, WRAPPER_NET, WRAPPER_PREP

BORDER: dict[str, Case] = {}
NO_MAP = lost(
    *(f"1e.{name}" for name in ("function", "gradient", "weighted-sum", "relu", "normalize", "upsample", "original"))
)

BORDER["picture_from_the_web"] = Case(
    change(
        "hook_dictionary_autograd",
        (
            "img = Image.open('image.jpg').convert('RGB')",
            "import requests\nfrom io import BytesIO\nimg = Image.open(BytesIO(requests.get('https://example.org/dog.jpg').content)).convert('RGB')",
        ),
    )
)
BORDER["picture_by_input"] = Case(
    change("wrapper_tuple_analytic", ('Image.open("image.jpg")', 'Image.open(input("file: "))'))
)
BORDER["grey_or_alpha_picture"] = Case(
    change("split_retain_grad", ("Image.open('cat.jpg').convert('RGB')", "Image.open('cat.png').convert('RGB')"))
)
BORDER["defined_but_never_called"] = Case(
    [
        IMPORTS,
        HOOK_NET,
        HOOK_PREP,
        """
def grad_cam(class_idx):
    weights = model.fc.weight[class_idx].detach()
    cam = (weights[:, None, None] * feature_map[0].detach()).sum(0)
    cam = torch.relu(cam)
    cam = cam / cam.max()
    cam = F.interpolate(cam[None, None], size=(224, 224), mode='bilinear')[0, 0]
    picture = transforms.ToTensor()(transforms.CenterCrop(224)(transforms.Resize(256)(img)))
    return picture * cam
""",
    ]
)
BORDER["never_called_with_arguments"] = Case(
    [
        IMPORTS,
        WRAPPER_NET,
        WRAPPER_PREP,
        """
def cam(features, fc_weight, class_idx):
    heat = torch.einsum('q,qkm->km', fc_weight[class_idx], features[0])
    heat = heat.clamp(min=0)
    return heat / heat.max()

def overlay(features, fc_weight, class_idx, image):
    heat = cam(features, fc_weight, class_idx)
    heat = F.interpolate(heat[None, None], size=(224, 224), mode='bilinear')[0, 0]
    return np.array(image) * heat.numpy()[..., None]
overlay(A, W, 7, image)
""",
    ]
)
BORDER["hard_coded_cuda"] = Case(
    change("class_with_hooks", ("torch.device('cuda' if torch.cuda.is_available() else 'cpu')", "torch.device('cuda')"))
)
BORDER["float_class_from_numpy"] = Case(
    change("replaced_forward_numpy", ("best = int(np.argmax(scores))", "best = np.argmax(scores)"))
)
BORDER["keyword_class"] = Case(
    change(
        "hook_dictionary_autograd",
        ("def grad_cam(o):", "def grad_cam(*, o=0):"),
        ("grad_cam(o)\noverlay", "grad_cam(o=o)\noverlay"),
    )
)
BORDER["last_convolution_before_addition"] = Case(
    change(
        "hook_dictionary_autograd",
        ("model.layer4.register_forward_hook", "model.layer4[1].conv1.register_forward_hook"),
    ),
    {"1c.feature-map": "not-met"},
)
BORDER["features_without_hook_use"] = Case(
    [
        IMPORTS,
        "model = models.resnet18(pretrained=True)\nmodel.eval()",
        HOOK_PREP.replace("feature_map = activations['layer4']\n", "").replace(", feature_map.shape", ""),
    ],
    {"1c.feature-map": "not-met", **NO_MAP},
)
BORDER["results_not_kept"] = Case(
    [
        IMPORTS,
        "model = models.resnet18(pretrained=True)\nmodel.eval()",
        HOOK_PREP.replace("feature_map = activations['layer4']\n", "")
        .replace("logits = model(x)", "model(x)")
        .replace("print(logits.shape, feature_map.shape)", "print('done')"),
    ],
    {"1c.feature-map": "not-met", "1d.extract": "not-met", **NO_MAP},
)
BORDER["crash_in_own_forward"] = Case(
    [
        IMPORTS,
        WRAPPER_NET.replace("z = self.fc(torch.flatten(self.pool(A), 1))", "z = self.fc(self.pool(A))"),
        WRAPPER_PREP,
        """
def compute_map(A, W, c):
    M = torch.einsum('q,qkm->km', W[c], A[0]) / 49
    M = torch.clamp(M, min=0)
    return M / M.max()
M = compute_map(A, W, 281)
M = F.interpolate(M[None, None], size=(224, 224), mode='bilinear')[0, 0].numpy()
plt.imshow(rgb * M[:, :, None])
""",
    ],
    {"1c.logits": "not-met", "1d.extract": "carried"},
)
BORDER["function_is_given_the_weights"] = Case(
    change(
        "wrapper_tuple_analytic",
        ("def compute_map(A, W, c):", "def compute_map(A, w):"),
        ("W[c], A[0]", "w, A[0]"),
        (
            "def show(c):\n    M = compute_map(A, W, c).numpy()",
            "for c in z[0].topk(3).indices.tolist():\n    M = compute_map(A, W[c]).numpy()",
        ),
        ("for c in z[0].topk(3).indices.tolist():\n    show(c)\n", ""),
    ),
    {},
)
BORDER["several_pictures"] = Case(
    change("hook_dictionary_autograd", ("logits = model(x)\n", "for _ in range(2):\n    logits = model(x)\n"))
)
BORDER["double_precision"] = Case(
    change(
        "hook_dictionary_autograd",
        ("model.eval()\n", "model.eval().double()\n"),
        ("preprocess(img).unsqueeze(0)", "preprocess(img).unsqueeze(0).double()"),
    )
)
BORDER["evaluation_after_extraction"] = Case(
    change(
        "wrapper_tuple_analytic",
        ("net.eval()\n", ""),
        ("W = net.fc.weight.detach()", "W = net.fc.weight.detach()\nnet.eval()"),
    ),
    lost("1d.eval"),
)
BORDER["random_test_in_training_mode_first"] = Case(
    change(
        "wrapper_tuple_analytic", ("net = CAMNet()\n", "net = CAMNet()\nprobe, _ = net(torch.randn(2, 3, 224, 224))\n")
    )
)
BORDER["pixels_shifted_to_minus_one"] = Case(
    change("wrapper_tuple_analytic", ("((rgb - mean) / std)", "(rgb * 2 - 1)")), {"1d.normalize": "partial"}
)
BORDER["statistics_in_pixels"] = Case(
    change(
        "wrapper_tuple_analytic",
        ("((rgb - mean) / std)", "((np.array(image, dtype=np.float32) - 255 * mean) / (255 * std))"),
    )
)
BORDER["divided_by_maximum_of_features"] = Case(
    change("second_network", ("cam /= cam.max()", "cam /= fm.max()")), lost("1e.normalize")
)
BORDER["normalized_after_enlargement"] = Case(
    change(
        "hook_dictionary_autograd",
        ("    cam = cam / cam.max()\n", ""),
        (
            "mode='bilinear', align_corners=False)\n    return",
            "mode='bicubic', align_corners=False)\n    cam = cam / cam.max()\n    return",
        ),
    )
)
BORDER["clipped_after_enlargement"] = Case(
    change("closure_upsample_first", ("up = up.clamp(min=0)", "up = up.clamp(min=0.0)"))
)
BORDER["extent_instead_of_enlargement"] = Case(
    change(
        "wrapper_tuple_analytic",
        (
            "    M = np.array(Image.fromarray(M).resize((224, 224), Image.BICUBIC))\n    result = rgb * M[:, :, None]\n    plt.imshow(np.clip(result, 0, 1))\n",
            "    plt.imshow(rgb)\n    plt.imshow(M, alpha=0.4, cmap='jet', extent=(0, 224, 224, 0))\n",
        ),
    ),
    {"1e.upsample": "review", "1e.original": "not-met"},
)
BORDER["wrong_sign"] = Case(
    change("hook_dictionary_autograd", ("torch.autograd.grad(logits[0, o]", "torch.autograd.grad(-logits[0, o]")),
    lost("1e.gradient"),
)
BORDER["gradient_times_itself"] = Case(
    change("wrapper_tuple_analytic", ("W[c], A[0]", "W[c] ** 2, A[0]")), lost("1e.gradient")
)
BORDER["network_in_pieces"] = Case(
    change(
        "second_network",
        ("net.eval()\n", "net.eval()\nlayers, pool, fc = list(net.children())[:8], net.avgpool, net.fc\n"),
        (
            "feature_net = torch.nn.Sequential(*list(net.children())[:-2])\nfeature_net.eval()\n",
            "del net\ndef run(x):\n    for layer in layers:\n        x = layer(x)\n    return fc(pool(x).flatten(1)), x\n",
        ),
        ("    out = net(x)\n    fm = feature_net(x)\nweights = net.fc", "    out, fm = run(x)\nweights = fc"),
    )
)
BORDER["extracted_again_after_a_first_attempt"] = Case(
    [
        *change("hook_dictionary_autograd", ("model.eval()\n", ""))[:2],
        "img = Image.open('image.jpg').convert('RGB').resize((200, 200))\n"
        "x = transforms.ToTensor()(img).unsqueeze(0)\nlogits = model(x)\n",
        change("hook_dictionary_autograd", ("logits = model(x)", "model.eval()\nlogits = model(x)"))[2],
        RIGHT["hook_dictionary_autograd"][3],
    ]
)
BORDER["map_smaller_than_the_photograph"] = Case(
    change(
        "hook_dictionary_autograd",
        (
            "original = transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor()])(img)",
            "original = transforms.ToTensor()(img)",
        ),
    ),
    lost("1e.upsample"),
)
BORDER["noise_is_fed_instead_of_the_picture"] = Case(
    change("hook_dictionary_autograd", ("logits = model(x)", "logits = model(torch.randn(1, 3, 224, 224))")),
    lost("1d.extract"),
)
