"""Right solutions with hooks, each as another student might write it."""

from __future__ import annotations

from tests.rubrics.assignment1.notebooks import notebook

HOOKS: dict[str, list[str]] = {}

HOOKS["list_closure_backward"] = notebook("""
#md # Assignment 1 - Grad-CAM
# %%
import torch, torchvision
import numpy as np
import matplotlib.pyplot as plt
from PIL import Image
import torchvision.transforms as T
# %%
#md ## (c)
# %%
net = torchvision.models.resnet18(weights="IMAGENET1K_V1")
net.eval()

acts = []
grads = []
def fwd(m, i, o):
    acts.append(o)
def bwd(m, gi, go):
    grads.append(go[0])

net.layer4.register_forward_hook(fwd)
net.layer4.register_full_backward_hook(bwd)
# %%
#md ## (d)
# %%
img = Image.open("image.jpg").convert("RGB")
prep = T.Compose([
    T.Resize(256),
    T.CenterCrop(224),
    T.ToTensor(),
    T.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]),
])
x = prep(img).unsqueeze(0)
logits = net(x)
print(logits.shape, acts[-1].shape)
# %%
#md ## (e)
# %%
def gradcam(o):
    acts.clear(); grads.clear()
    out = net(x)
    net.zero_grad()
    out[0, o].backward()
    a = acts[0][0].detach()
    g = grads[0][0]
    alpha = g.mean(dim=(1, 2))
    cam = torch.zeros(7, 7)
    for q in range(512):
        cam += alpha[q] * a[q]
    cam = torch.relu(cam)
    cam = cam / cam.max()
    return cam

small = T.Compose([T.Resize(256), T.CenterCrop(224)])(img)
small = np.array(small) / 255.0
for o in logits[0].topk(3).indices.tolist():
    m = gradcam(o)
    m = torch.nn.functional.interpolate(m[None, None], size=(224, 224), mode="bilinear")[0, 0].numpy()
    over = small * m[:, :, None]
    plt.figure()
    plt.imshow(over)
    plt.title(str(o))
    plt.show()
""")

HOOKS["class_with_two_hooks_cv2"] = notebook("""
import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torchvision import models
import matplotlib.pyplot as plt

device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
# %%
class GradCAM:
    def __init__(self, model, target_layer):
        self.model = model
        self.gradients = None
        self.activations = None
        target_layer.register_forward_hook(self.save_activation)
        target_layer.register_full_backward_hook(self.save_gradient)

    def save_activation(self, module, inp, out):
        self.activations = out

    def save_gradient(self, module, grad_in, grad_out):
        self.gradients = grad_out[0]

    def __call__(self, x, class_idx=None):
        logits = self.model(x)
        if class_idx is None:
            class_idx = logits.argmax(dim=1).item()
        self.model.zero_grad()
        logits[:, class_idx].sum().backward()
        weights = self.gradients.mean(dim=[2, 3], keepdim=True)
        cam = F.relu((weights * self.activations).sum(dim=1)).squeeze(0)
        cam = cam.detach().cpu().numpy()
        cam = cam / (cam.max() + 1e-8)
        return cam, logits

model = models.resnet18(pretrained=True).to(device).eval()
gradcam = GradCAM(model, model.layer4[-1])
# %%
bgr = cv2.imread("image.jpg")
rgb = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
rgb = cv2.resize(rgb, (224, 224))
inp = rgb.astype(np.float32) / 255
inp = (inp - np.array([0.485, 0.456, 0.406], dtype=np.float32)) / np.array([0.229, 0.224, 0.225], dtype=np.float32)
inp = torch.from_numpy(inp.transpose(2, 0, 1)).unsqueeze(0).to(device)
cam, out = gradcam(inp)
feature_map = gradcam.activations
print(out.argmax(), feature_map.shape)
# %%
cam = cv2.resize(cam, (rgb.shape[1], rgb.shape[0]))
masked = (rgb * cam[..., np.newaxis]).astype(np.uint8)
plt.subplot(1, 3, 1); plt.imshow(rgb)
plt.subplot(1, 3, 2); plt.imshow(cam, cmap="jet")
plt.subplot(1, 3, 3); plt.imshow(masked)
""")

HOOKS["dictionary_grad_hook_on_tensor"] = notebook('''
import torch
import torch.nn as nn
from torchvision.models import resnet18, ResNet18_Weights
from torchvision.io import read_image
from torchvision.transforms import v2
import matplotlib.pyplot as plt
# %%
saved = {}

def keep(name):
    def hook(module, args, output):
        saved[name] = output
        if output.requires_grad:
            output.register_hook(lambda g: saved.update({name + "_grad": g}))
    return hook

resnet = resnet18(weights=ResNet18_Weights.DEFAULT)
handle = resnet.layer4.register_forward_hook(keep("layer4"))
# %%
pic = read_image("image.jpg")
crop = v2.Compose([v2.Resize(256, antialias=True), v2.CenterCrop(224)])
norm = v2.Compose([v2.ToDtype(torch.float32, scale=True),
                   v2.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))])
pic = crop(pic)
batch = norm(pic)[None]
resnet.eval()
z = resnet(batch)
A = saved["layer4"]
# %%
def class_map(o: int) -> torch.Tensor:
    """Grad-CAM of class o, 7 x 7, in [0, 1]."""
    z = resnet(batch)
    resnet.zero_grad()
    z[0, o].backward()
    alpha = saved["layer4_grad"].mean((2, 3))
    L = torch.einsum("bq,bqkm->bkm", alpha, saved["layer4"])[0]
    L = L.clamp(min=0)
    return (L / L.max()).detach()
# %%
o = int(z.argmax())
up = nn.Upsample(size=(224, 224), mode="bilinear", align_corners=False)
heat = up(class_map(o)[None, None])[0]
overlay = heat * pic / 255
plt.imshow(overlay.permute(1, 2, 0))
plt.axis("off")
plt.show()
''')

HOOKS["analytic_inference_mode"] = notebook("""
import torch
from torchvision import models
from PIL import Image
import numpy as np
import matplotlib.pyplot as plt
# %%
weights = models.ResNet18_Weights.IMAGENET1K_V1
model = models.resnet18(weights=weights).eval()
feature_map = None

def hook_fn(module, input, output):
    global feature_map
    feature_map = output.detach().clone()

model.layer4.register_forward_hook(hook_fn)
# %%
image = Image.open("image.jpg")
tensor = weights.transforms()(image).unsqueeze(0)
with torch.inference_mode():
    logits = model(tensor)
print(weights.meta["categories"][logits.argmax().item()])
# %%
def cam(o):
    w = model.fc.weight[o].detach()
    Q, K, M = feature_map.shape[1:]
    alpha = w / (K * M)
    result = (alpha.view(-1, 1, 1) * feature_map[0]).sum(0)
    result = torch.maximum(result, torch.tensor(0.0))
    result = result / result.max()
    return result.detach().numpy()
# %%
o = logits.argmax().item()
c = cam(o)
big = np.array(Image.fromarray((c * 255).astype(np.uint8)).resize(image.size, Image.BILINEAR)) / 255
arr = np.array(image).astype(float) / 255
plt.imshow(arr * big[..., None])
""")

HOOKS["context_manager"] = notebook("""
from contextlib import contextmanager
import torch
from torch.nn import functional as F
import torchvision
from torchvision import transforms
from PIL import Image
import matplotlib.pyplot as plt
# %%
model = torchvision.models.resnet18(weights="DEFAULT")
model.requires_grad_(False)

@contextmanager
def recording(module):
    store = {}
    h = module.register_forward_hook(lambda m, i, o: store.__setitem__("A", o))
    try:
        yield store
    finally:
        h.remove()

def run(x):
    with recording(model.layer4) as store:
        logits = model(x)
    return logits, store["A"]
# %%
model.eval()
pil = Image.open("image.jpg").convert("RGB").resize((224, 224))
to_tensor = transforms.ToTensor()
normalize = transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
plain = to_tensor(pil)
with torch.no_grad():
    logits, A = run(normalize(plain).unsqueeze(0))
# %%
def saliency(A, o):
    A = A.clone().requires_grad_()
    z = model.fc(torch.flatten(model.avgpool(A), 1))
    (dA,) = torch.autograd.grad(z[0, o], A)
    alpha = dA.mean(dim=(-2, -1), keepdim=True)
    L = F.relu(torch.sum(alpha * A, dim=1, keepdim=True))
    return (L / L.amax()).detach()

def overlay(L, image):
    return F.interpolate(L, image.shape[-2:], mode="bicubic")[0].clamp(0, 1) * image
# %%
fig, axes = plt.subplots(1, 3)
for axis, o in zip(axes, torch.topk(logits, 3).indices[0]):
    axis.imshow(overlay(saliency(A, o), plain).permute(1, 2, 0))
""")

HOOKS["partial_and_namespace"] = notebook("""
from functools import partial
from types import SimpleNamespace
import torch, torchvision, cv2
import numpy as np
import matplotlib.pyplot as plt
# %%
memo = SimpleNamespace(A=None, G=None)

def remember(memo, module, inputs, outputs):
    memo.A = outputs
    outputs.retain_grad()

cnn = torch.hub.load("pytorch/vision", "resnet18", weights="ResNet18_Weights.IMAGENET1K_V1")
cnn.layer4.register_forward_hook(partial(remember, memo))
cnn.eval();
# %%
MEAN = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
picture = cv2.imread("image.jpg")[:, :, ::-1].copy()
h, w = picture.shape[:2]
s = min(h, w)
top, left = (h - s) // 2, (w - s) // 2
picture = cv2.resize(picture[top:top + s, left:left + s], (224, 224), interpolation=cv2.INTER_AREA)
x = torch.tensor(picture / 255., dtype=torch.float32).permute(2, 0, 1)
x = ((x - MEAN) / STD).unsqueeze(0)
y = cnn(x)
print(y.shape, memo.A.shape)
# %%
def cam_for(klass):
    y = cnn(x)
    cnn.zero_grad()
    onehot = torch.zeros_like(y)
    onehot[0, klass] = 1
    y.backward(gradient=onehot)
    a = memo.A.grad[0].mean(axis=(1, 2)).numpy()
    A = memo.A[0].detach().numpy()
    m = np.tensordot(a, A, axes=1)
    m[m < 0] = 0
    m /= m.max()
    return cv2.resize(m, (224, 224))

top = y[0].argsort(descending=True)[:2].tolist()
for k in top:
    m = cam_for(k)
    plt.figure(); plt.imshow(np.uint8(picture * m[:, :, None]))
""")

HOOKS["german"] = notebook('''
#md # Aufgabe I - Klassenaktivierungskarten
# %%
import torch
import torchvision.models as modelle
import torchvision.transforms as trafos
import numpy as np
from PIL import Image
import matplotlib.pyplot as plt
# %%
#md ### I(c) Netz
# %%
netz = modelle.resnet18(weights=modelle.ResNet18_Weights.IMAGENET1K_V1)

class Merker:
    """Merkt sich die letzte Faltungskarte."""
    def __init__(self, schicht):
        self.karte = None
        self.haken = schicht.register_forward_hook(self.merke)
    def merke(self, schicht, eingabe, ausgabe):
        self.karte = ausgabe

merker = Merker(netz.layer4[1].relu) if False else Merker(netz.layer4)
# %%
#md ### I(d) Merkmale
# %%
bild = Image.open('image.jpg').convert('RGB')
zuschnitt = trafos.Compose([trafos.Resize(256), trafos.CenterCrop(224)])(bild)
umwandlung = trafos.Compose([trafos.ToTensor(), trafos.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))])
stapel = torch.stack([umwandlung(zuschnitt)])
netz.eval()
with torch.no_grad():
    ausgabe = netz(stapel)
    karten = merker.karte.clone()
print('Klasse', ausgabe.argmax(1).item())
# %%
#md ### I(e) Anzeige
# %%
def aktivierungskarte(klasse):
    gewichte = netz.fc.weight.data[klasse].numpy()
    summe = np.zeros(karten.shape[2:])
    for gewicht, karte in zip(gewichte, karten[0].numpy()):
        summe = summe + gewicht * karte
    summe = np.maximum(summe, 0)
    return summe / np.max(summe)

def ueberlagern(klasse):
    karte = Image.fromarray(aktivierungskarte(klasse).astype(np.float32))
    karte = np.asarray(karte.resize((224, 224), Image.BICUBIC)).clip(0, 1)
    return np.asarray(zuschnitt) / 255 * karte[:, :, None]

for klasse in np.argsort(-ausgabe[0].numpy())[:2]:
    plt.imshow(ueberlagern(klasse)); plt.title(f'Klasse {klasse}'); plt.show()
''')

HOOKS["conv2_pre_hook_on_avgpool"] = notebook("""
import torch, torchvision
from torchvision import transforms as tf
from torchvision.transforms.functional import to_pil_image, resize
from PIL import Image
import matplotlib.pyplot as plt
import numpy as np
# %%
model = torchvision.models.resnet18(weights="IMAGENET1K_V1", progress=False)
model = model.eval()
state = dict()
def pre(module, args):
    state["A"] = args[0]
    state["A"].retain_grad()
model.avgpool.register_forward_pre_hook(pre)
# %%
image = Image.open("my_dog.png").convert("RGB")
resized = tf.functional.center_crop(tf.functional.resize(image, 256), [224, 224])
x = tf.functional.normalize(tf.functional.to_tensor(resized), [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
logits = model(x[None, ...])
probs = logits.softmax(-1)
A = state["A"]
print(A.shape, probs.max())
# %%
def heatmap(logits, o):
    state["A"].grad = None
    logits[0, o].backward(retain_graph=True)
    g = state["A"].grad.mean(dim=(0, 2, 3))
    h = (g[:, None, None] * state["A"][0]).sum(dim=0)
    h = h * (h > 0)
    return (h / h.max()).detach()
# %%
o = probs.argmax().item()
h = heatmap(logits, o)
h = resize(h[None], [224, 224])[0]
rgb = tf.functional.to_tensor(resized)
plt.imshow((rgb * h).permute(1, 2, 0).numpy())
plt.show()
""")

HOOKS["failing_and_stray_cells"] = notebook("""
!pip install captum
# %%
from google.colab import files
files.upload()
# %%
import torch
import torchvision
import torchvision.transforms as transforms
import matplotlib.pyplot as plt
import numpy as np
import PIL
# %%
torch.__version__
# %%
model.eval()
# %%
model = torchvision.models.resnet18(pretrained=True)
print(model)
# %%
feats = {}
def get(name):
    def h(model, input, output):
        feats[name] = output
    return h
model.layer4.register_forward_hook(get('layer4'))
# %%
%matplotlib inline
img = PIL.Image.open('/content/drive/MyDrive/cat.jpg').convert('RGB')
img
# %%
transform = transforms.Compose([transforms.Resize((224, 224)), transforms.ToTensor(),
    transforms.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])])
inputs = transform(img).unsqueeze(0)
# %%
outputs = modell(inputs)
# %%
model.eval()
outputs = model(inputs)
fm = feats['layer4']
# %%
fm.shap
# %%
def cam(o):
    g = torch.autograd.grad(outputs[0][o], fm, retain_graph=True)[0]
    w = torch.mean(g, dim=[0, 2, 3])
    out = torch.zeros(fm.shape[2:])
    for i, wi in enumerate(w):
        out += wi * fm[0, i]
    out = torch.nn.ReLU()(out)
    out /= out.max()
    return out.detach()
# %%
x = cam(outputs.argmax().item())
x = torch.nn.functional.interpolate(x.unsqueeze(0).unsqueeze(0), size=img.size[::-1], mode='bilinear', align_corners=False)
x = x.squeeze().numpy()
result = np.array(img) * x[:, :, None]
plt.imshow(result.astype('uint8'))
# %%
asdf
""")

HOOKS["top_classes_dict_of_results"] = notebook("""
import torch, torchvision
import torch.nn.functional as F
from torchvision import transforms
from PIL import Image
from matplotlib import pyplot as plt
from dataclasses import dataclass
# %%
@dataclass
class Cam:
    index: int
    score: float
    small: torch.Tensor
    overlay: torch.Tensor

W = torchvision.models.ResNet18_Weights.IMAGENET1K_V1
model = torchvision.models.get_model("resnet18", weights=W)
model.eval()
buffer = []
model.get_submodule("layer4").register_forward_hook(lambda mod, i, out: buffer.append(out.detach()))
# %%
im = Image.open("image.jpg").convert("RGB")
geometry = transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224)])
tensor01 = transforms.ToTensor()(geometry(im))
x = transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])(tensor01)[None]
with torch.no_grad():
    scores = model(x)[0]
A = buffer[0][0]
# %%
def explain(o: int) -> Cam:
    alpha = model.fc.weight[o].detach() / A[0].numel()
    m = torch.matmul(alpha, A.flatten(1)).reshape(A.shape[1:])
    m = F.relu(m)
    m = m / m.max()
    large = F.interpolate(m[None, None], size=tensor01.shape[1:], mode="bilinear", align_corners=False)[0]
    return Cam(o, scores[o].item(), m, large * tensor01)

results = {W.meta["categories"][o]: explain(int(o)) for o in scores.topk(5).indices}
# %%
fig, ax = plt.subplots(1, len(results), figsize=(15, 3))
for a, (name, cam) in zip(ax, results.items()):
    a.imshow(cam.overlay.permute(1, 2, 0))
    a.set_title(f"{name}: {cam.score:.2f}")
""")
