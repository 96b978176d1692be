"""Right solutions with habits that could mislead a grader: decorators, deleted names, shadowed built-ins, wrappers."""

from __future__ import annotations

from tests.rubrics.assignment1.bank_free_forms import FORMS
from tests.rubrics.assignment1.bank_free_hooks import HOOKS
from tests.rubrics.assignment1.bank_free_networks import NETWORKS
from tests.rubrics.assignment1.notebooks import altered, notebook

ODD: dict[str, list[str]] = {}

ODD["decorated"] = altered(
    FORMS["short"],
    (
        "def cam(o):\n    with torch.no_grad(): c = torch.einsum('q,qkm->km', m.fc.weight[o], A[0]).relu()\n",
        "@torch.no_grad()\ndef cam(o):\n    c = torch.einsum('q,qkm->km', m.fc.weight[o], A[0]).relu()\n",
    ),
)
ODD["decorated_class"] = altered(
    NETWORKS["preprocessing_inside"],
    ("    def cam(self, o):", "    @torch.inference_mode()\n    def cam(self, o):"),
)
ODD["cached_and_typed"] = altered(
    HOOKS["german"],
    (
        "def aktivierungskarte(klasse):",
        "import functools\n@functools.lru_cache(maxsize=None)\ndef aktivierungskarte(klasse: int) -> np.ndarray:",
    ),
)
ODD["names_deleted_in_the_end"] = [
    *HOOKS["list_closure_backward"],
    "import gc\ndel net, x, logits, acts, grads\ngc.collect()\ntorch.cuda.empty_cache()\n",
]
ODD["name_reused_in_the_end"] = [*NETWORKS["two_halves"], "r = None\npart1 = part2 = None\nA = z = 0\n"]
ODD["data_parallel"] = altered(
    HOOKS["class_with_two_hooks_cv2"],
    (
        "model = models.resnet18(pretrained=True).to(device).eval()",
        "model = torch.nn.DataParallel(models.resnet18(pretrained=True)).to(device).eval()",
    ),
    ("model.layer4[-1]", "model.module.layer4[-1]"),
)
ODD["magics"] = [
    "%%time\n" + cell if number == 3 else "%matplotlib inline\n" + cell for number, cell in enumerate(FORMS["short"])
]
ODD["star_imports_and_shadowed_names"] = notebook("""
from matplotlib.pyplot import *
from torch import *
from torch import autograd, nn
from torchvision.models import *
from torchvision.transforms import *
from PIL import Image
import numpy as np
# %%
list = []
input = Image.open("image.jpg").convert("RGB")
type = resnet18(weights="DEFAULT")
type.eval()
type.layer4.register_forward_hook(lambda id, args, out: list.append(out))
# %%
dir = Compose([Resize(256), CenterCrop(224)])(input)
x = Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])(ToTensor()(dir)).unsqueeze(0)
vars = type(x)
# %%
def map(object):
    int, = autograd.grad(vars[0, object], list[0], retain_graph=True)
    sum = einsum("nqkm,q->nkm", list[0], int.mean((0, 2, 3)))
    max = sum.relu()
    return (max / max.max()).detach()
# %%
len = nn.functional.interpolate(map(vars.argmax())[None], (224, 224), mode="bilinear")
print_ = np.array(dir) / 255 * len[0, 0].numpy()[..., None]
imshow(print_)
""")
ODD["keeping_module"] = notebook("""
import torch, torch.nn as nn, torchvision, numpy as np
from torchvision import transforms as T
from PIL import Image
import matplotlib.pyplot as plt
from typing import NamedTuple
# %%
class Result(NamedTuple):
    logits: torch.Tensor
    fmap: torch.Tensor

class Keep(nn.Module):
    def forward(self, x):
        self.kept = x
        return x

class Model(nn.Module):
    __slots__ = ()
    def __init__(self):
        super().__init__()
        self.r = torchvision.models.resnet18(weights="IMAGENET1K_V1")
        self.r.layer4.add_module("keep", Keep())
    def forward(self, x) -> Result:
        logits = self.r(x)
        return Result(logits, self.r.layer4.keep.kept)
# %%
class Picture(torch.utils.data.Dataset):
    def __init__(self, *names):
        self.names = names
        self.pre = T.Compose([T.Resize(256), T.CenterCrop(224), T.ToTensor()])
        self.norm = T.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    def __len__(self):
        return len(self.names)
    def __getitem__(self, i):
        img = self.pre(Image.open(self.names[i]).convert("RGB"))
        return img, self.norm(img)
loader = torch.utils.data.DataLoader(Picture("image.jpg"), batch_size=1)
model = Model()
model.eval()
for img, x in loader:
    result = model(x)
# %%
class Tools:
    @staticmethod
    def cam(result, o):
        g = torch.autograd.grad(result.logits[0, o], result.fmap, retain_graph=True)[0]
        L = (g.mean((2, 3), keepdim=True) * result.fmap).sum(1)
        L = torch.nn.functional.threshold(L, 0, 0)
        return L / L.max()
    @classmethod
    def overlay(cls, result, o, img):
        L = cls.cam(result, o)
        return nn.functional.interpolate(L[None], img.shape[-2:], mode="bilinear") * img
for o in result.logits.topk(2).indices[0]:
    plt.imshow(Tools.overlay(result, o, img)[0].detach().permute(1, 2, 0)); plt.show()
""")
ODD["hooks_inside_function"] = notebook("""
import torch, torchvision, cv2
import numpy as np
from PIL import Image
from torchvision import transforms
# %%
def load_network():
    net = torchvision.models.resnet18(weights=torchvision.models.ResNet18_Weights.DEFAULT)
    return net.eval()

def extract(net, x):
    found = {}
    def fw(module, inputs, output): found["A"] = output
    def bw(module, grad_in, grad_out): found["dA"] = grad_out[0]
    handles = [net.layer4.register_forward_hook(fw), net.layer4.register_full_backward_hook(bw)]
    found["z"] = net(x)
    return found, handles
# %%
def read(path):
    image = Image.open(path).convert("RGB")
    pre = transforms.Compose([transforms.Resize((224, 224)), transforms.ToTensor(), transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])
    return image, pre(image).unsqueeze(0)

image, x = read("image.jpg")
network = load_network()
found, handles = extract(network, x)
print(found["z"].shape)
# %%
def explain(path, class_id, out):
    image, x = read(path)
    found, handles = extract(network, x)
    network.zero_grad()
    found["z"][0, class_id].backward()
    for handle in handles:
        handle.remove()
    A, dA = found["A"].detach().numpy()[0], found["dA"].numpy()[0]
    cam = np.maximum((dA.mean((1, 2))[:, None, None] * A).sum(0), 0)
    cam /= cam.max()
    cam = cv2.resize(cam, image.size)
    result = np.uint8(np.array(image) * cam[..., None])
    cv2.imwrite(out, result[..., ::-1])

for class_id in found["z"][0].argsort(descending=True)[:2].tolist():
    explain("image.jpg", class_id, f"cam_{class_id}.png")
# %%
from IPython.display import Image as Show
Show(f"cam_{class_id}.png")
""")
ODD["generator_and_star_arguments"] = altered(
    NETWORKS["wrapper_children"],
    (
        "def show(c):\n    m = get_map(feature_map, c)\n    plt.imshow(np.transpose((m * img).numpy(), (1, 2, 0)))\n    plt.show()\nshow(logit.argmax().item())\n",
        "def maps(*classes, **options):\n    for c in classes:\n        yield get_map(feature_map, c)\nfor m in maps(*logit[0].topk(3).indices.tolist()):\n    plt.imshow((m * img).permute(1, 2, 0))\n    plt.show()\n",
    ),
)
ODD["keyword_only_with_partial"] = altered(
    NETWORKS["vjp_of_the_head"],
    ("def product(o):", "def product(*, o):"),
    ("product(logits.argmax().item())", "product(o=logits.argmax().item())"),
)
ODD["model_as_argument"] = altered(
    NETWORKS["main_function"],
    ("def compute(res, cls):\n", "def compute(model, x, cls):\n    res = model(x)\n"),
    ("cam = compute(res, cls)", "cam = compute(model, x, cls)"),
)
ODD["second_picture_by_itself"] = [
    *NETWORKS["layer_getter_and_full_network"],
    "other = T.CenterCrop(224)(T.Resize(256)(Image.open('second.jpg')))\narr = np.asarray(other, dtype=np.float32) / 255\n"
    "x = torch.from_numpy((arr - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]).permute(2, 0, 1)[None].float()\n"
    "logits, A = network(x)\nvisualize(logits.argmax())\n",
]
