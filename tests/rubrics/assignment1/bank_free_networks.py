"""Right solutions with adapted networks instead of hooks, each as another student might write it."""

from __future__ import annotations

from tests.rubrics.assignment1.notebooks import notebook

NETWORKS: dict[str, list[str]] = {}

NETWORKS["subclass_of_resnet"] = notebook("""
import torch
import torch.nn.functional as F
import torchvision
from torchvision.models.resnet import ResNet, BasicBlock, ResNet18_Weights
from PIL import Image
import numpy as np
import matplotlib.pyplot as plt
# %%
class CamResNet(ResNet):
    def __init__(self):
        super().__init__(BasicBlock, [2, 2, 2, 2])
        self.load_state_dict(ResNet18_Weights.IMAGENET1K_V1.get_state_dict(progress=False))

    def _forward_impl(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer2(self.layer1(x))
        A = self.layer4(self.layer3(x))
        z = self.fc(torch.flatten(self.avgpool(A), 1))
        return z, A

network = CamResNet()
network.eval()
# %%
original = Image.open("image.jpg").convert("RGB").resize((224, 224))
preprocess = ResNet18_Weights.IMAGENET1K_V1.transforms(resize_size=224)
z, A = network(preprocess(original).unsqueeze(0))
# %%
def gradcam(z, A, o):
    dz_dA, = torch.autograd.grad(z[:, o], A, retain_graph=True)
    alpha = dz_dA.mean(dim=(2, 3))
    L = F.relu(torch.einsum('nq,nqkm->nkm', alpha, A))
    L = L / L.max()
    return L[0].detach().numpy()

L = gradcam(z, A, z.argmax())
L224 = np.asarray(Image.fromarray(L).resize((224, 224), resample=Image.BILINEAR))
overlay = np.asarray(original) * L224[..., None] / 255
plt.imshow(overlay)
""")

NETWORKS["wrapper_children"] = notebook("""
import torch, torch.nn as nn, torchvision, torchvision.transforms as transforms, numpy as np, matplotlib.pyplot as plt
from PIL import Image
# %%
class Network(nn.Module):
    def __init__(self):
        super(Network, self).__init__()
        resnet = torchvision.models.resnet18(weights='IMAGENET1K_V1')
        self.features = nn.Sequential(*list(resnet.children())[:-2])
        self.pool = resnet.avgpool
        self.classifier = resnet.fc
    def forward(self, x):
        fm = self.features(x)
        out = self.pool(fm)
        out = out.view(out.size(0), -1)
        out = self.classifier(out)
        return out, fm
net = Network()
# %%
net.eval()
image = Image.open('image.jpg')
t = transforms.Compose([transforms.Resize((224,224)), transforms.ToTensor()])
n = transforms.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])
img = t(image)
with torch.no_grad():
    logit, feature_map = net(n(img).unsqueeze(0))
# %%
def get_map(feature_map, c):
    alpha = net.classifier.weight[c] / 49
    m = (alpha[None, :, None, None] * feature_map).sum(1, keepdim=True)
    m = nn.functional.relu(m)
    m = nn.Upsample((224, 224), mode='bilinear')(m)
    m = m / torch.max(m)
    return m[0].detach()
def show(c):
    m = get_map(feature_map, c)
    plt.imshow(np.transpose((m * img).numpy(), (1, 2, 0)))
    plt.show()
show(logit.argmax().item())
""")

NETWORKS["feature_extractor_nodes"] = notebook("""
from __future__ import annotations
import logging
from pathlib import Path
import numpy as np
import torch
from torch import Tensor, nn
from torchvision import models
from torchvision.models.feature_extraction import create_feature_extractor
from torchvision.transforms import v2 as T
from torchvision.io import decode_image
import matplotlib.pyplot as plt

logging.basicConfig(level=logging.INFO)
log = logging.getLogger(__name__)
IMAGE: Path = Path(".") / "image.jpg"
# %%
base: nn.Module = models.resnet18(weights=models.ResNet18_Weights.IMAGENET1K_V1)
extractor = create_feature_extractor(base, return_nodes={"layer4": "map", "fc": "logits"}).eval()
# %%
raw: Tensor = decode_image(str(IMAGE))
geometry = T.Compose([T.Resize(256), T.CenterCrop(224)])
to_input = T.Compose([T.ToDtype(torch.float32, scale=True), T.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])])
original: Tensor = geometry(raw)
out: dict[str, Tensor] = extractor(to_input(original).unsqueeze(0))
log.info("logits %s map %s", out["logits"].shape, out["map"].shape)
# %%
def class_activation(out: dict[str, Tensor], o: int) -> Tensor:
    grad = torch.autograd.grad(outputs=out["logits"][0, o], inputs=out["map"], retain_graph=True)[0]
    alpha = grad.mean(dim=(2, 3), keepdim=True)
    cam = (alpha * out["map"]).sum(dim=1).squeeze(0).clamp_min(0)
    return (cam / cam.max()).detach()

def multiply(cam: Tensor, original: Tensor) -> Tensor:
    big = T.functional.resize(cam[None], list(original.shape[-2:]), antialias=True)
    return (big * original.float()).clamp(0, 255).byte()

o = int(out["logits"].argmax(-1))
plt.imshow(multiply(class_activation(out, o), original).permute(1, 2, 0))
plt.title(f"class {o}")
""")

NETWORKS["layer_getter_and_full_network"] = notebook("""
import torch
from torchvision.models import resnet18
from torchvision.models._utils import IntermediateLayerGetter
import torchvision.transforms as T
from PIL import Image
import numpy as np
from scipy.ndimage import zoom
import matplotlib.pyplot as plt
# %%
resnet = resnet18(weights="DEFAULT").eval()
backbone = IntermediateLayerGetter(resnet, return_layers={"layer4": "out"})

def network(x):
    A = backbone(x)["out"]
    return resnet.fc(A.mean(dim=(2, 3))), A
# %%
pil = T.CenterCrop(224)(T.Resize(256)(Image.open("image.jpg")))
arr = np.asarray(pil, dtype=np.float32) / 255
x = (arr - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
x = torch.from_numpy(x).permute(2, 0, 1).unsqueeze(0).float()
logits, A = network(x)
# %%
def visualize(o):
    alpha, = torch.autograd.grad(logits[0, o], A, retain_graph=True)
    alpha = alpha[0].numpy().mean(axis=(1, 2))
    L = np.einsum("q,qkm->km", alpha, A[0].detach().numpy())
    L = L.clip(min=0)
    L = L / L.max()
    L = zoom(L, 32, order=1)
    plt.imshow(L[..., None] * arr)
    plt.show()
    return L

for o in logits.topk(2).indices[0]:
    visualize(o)
""")

NETWORKS["methodtype_forward"] = notebook("""
import types
import torch
import torchvision
import torchvision.transforms as tt
import matplotlib.pyplot as plt
from PIL import Image
# %%
def forward(self, x):
    x = self.conv1(x)
    x = self.bn1(x)
    x = self.relu(x)
    x = self.maxpool(x)
    x = self.layer1(x)
    x = self.layer2(x)
    x = self.layer3(x)
    x = self.layer4(x)
    self.feature_map = x
    x = self.avgpool(x)
    x = torch.flatten(x, 1)
    return self.fc(x)

model = torchvision.models.resnet18(weights=torchvision.models.ResNet18_Weights.DEFAULT)
model.forward = types.MethodType(forward, model)
model.eval()
# %%
img = Image.open("image.jpg").convert("RGB")
trans = tt.Compose([tt.Resize(256), tt.CenterCrop(224), tt.ToTensor(),
                    tt.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))])
x = trans(img)
x = x.reshape(1, *x.shape)
y = model(x)
# %%
def cam(o):
    model.zero_grad()
    y = model(x)
    fm = model.feature_map
    fm.retain_grad()
    y[0][o].backward()
    a = fm.grad.mean([2, 3]).squeeze()
    s = sum(a[q] * fm[0][q] for q in range(a.shape[0]))
    s = torch.where(s > 0, s, torch.zeros_like(s))
    return s.detach() / s.detach().max()

def denorm(x):
    return x[0] * torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1) + torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)

s = cam(int(y.argmax()))
s = torch.nn.functional.interpolate(s[None, None], (224, 224), mode="bicubic", align_corners=True).squeeze()
res = (denorm(x) * s).clamp(0, 1)
plt.imshow(res.permute(1, 2, 0))
""")

NETWORKS["two_halves"] = notebook("""
import torch
import torch.nn as nn
import torchvision
import torchvision.transforms.functional as TF
import matplotlib.pyplot as plt
from PIL import Image
# %%
r = torchvision.models.resnet18(weights="IMAGENET1K_V1")
r.eval()
part1 = nn.Sequential(r.conv1, r.bn1, r.relu, r.maxpool, r.layer1, r.layer2, r.layer3, r.layer4)
part2 = nn.Sequential(r.avgpool, nn.Flatten(), r.fc)
# %%
img = TF.resize(Image.open("image.jpg"), (224, 224))
x = TF.normalize(TF.to_tensor(img), [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]).unsqueeze(0)
A = part1(x)
z = part2(A)
# %%
cam = lambda o: torch.relu((part2[2].weight[o][:, None, None] * A[0]).sum(0))
norm = lambda m: m / m.max()
large = lambda m: TF.resize(m[None], [224, 224])
overlay = lambda o: large(norm(cam(o))) * TF.to_tensor(img)
o = z.argmax(1).item()
plt.imshow(overlay(o).detach().permute(1, 2, 0))
""")

NETWORKS["state_dict_from_url"] = notebook("""
import torch
from torch import nn
import torchvision
from torchvision import transforms
import requests
from PIL import Image
import numpy as np
import matplotlib.pyplot as plt
# %%
state = torch.hub.load_state_dict_from_url("https://download.pytorch.org/models/resnet18-f37072fd.pth")
model = torchvision.models.resnet18()
print(model.load_state_dict(state))

class WithMap(nn.Module):
    def __init__(self, model):
        super().__init__()
        self.model = model
        self.map = None
    def forward(self, x):
        m = self.model
        x = m.maxpool(m.relu(m.bn1(m.conv1(x))))
        for layer in [m.layer1, m.layer2, m.layer3, m.layer4]:
            x = layer(x)
        self.map = x
        return m.fc(m.avgpool(x).squeeze(-1).squeeze(-1))

net = WithMap(model).eval()
# %%
import urllib.request
urllib.request.urlretrieve("https://github.com/pytorch/hub/raw/master/images/dog.jpg", "dog.jpg")
dog = Image.open("dog.jpg")
pre = transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor(),
    transforms.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])])
batch = pre(dog).unsqueeze(0)
scores = net(batch)
activation = net.map
# %%
class Visualizer:
    def __init__(self, net, scores, activation):
        self.net, self.scores, self.activation = net, scores, activation
    def weights(self, o):
        return torch.autograd.grad(self.scores[0, o], self.activation, retain_graph=True)[0].mean((2, 3))[0]
    def map(self, o):
        m = torch.relu(torch.tensordot(self.weights(o), self.activation[0], dims=([0], [0])))
        return (m / m.max()).detach().numpy()
    def overlay(self, o, picture):
        m = Image.fromarray(np.uint8(255 * self.map(o))).resize(picture.size)
        return np.array(picture) / 255 * (np.array(m) / 255)[:, :, None]
# %%
picture = transforms.CenterCrop(224)(transforms.Resize(256)(dog))
vis = Visualizer(net, scores, activation)
for o in scores.topk(2)[1][0].tolist():
    plt.imshow(vis.overlay(o, picture)); plt.show()
""")

NETWORKS["preprocessing_inside"] = notebook("""
import torch
import torch.nn as nn
import torch.nn.functional as F
import torchvision
from torchvision.io import read_image, ImageReadMode
import matplotlib.pyplot as plt
# %%
class GradCamNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]).reshape(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]).reshape(1, 3, 1, 1))
        self.backbone = torchvision.models.resnet18(weights="DEFAULT")
        self.head = self.backbone.fc
        self.backbone.fc = nn.Identity()
        self.backbone.layer4.register_forward_hook(self._hook)

    def _hook(self, module, args, out):
        self.A = out

    def forward(self, x):
        pooled = self.backbone((x - self.mean) / self.std)
        return self.head(pooled)

    def cam(self, o):
        w = self.head.weight[o]
        m = F.relu(torch.einsum("q,bqkm->bkm", w, self.A))
        return m / m.flatten(1).max(1).values[:, None, None]
# %%
img = read_image("image.jpg", ImageReadMode.RGB).unsqueeze(0).float() / 255
img = F.interpolate(img, size=(224, 224), mode="bilinear", antialias=True)
model = GradCamNet().eval()
with torch.no_grad():
    logits = model(img)
# %%
with torch.no_grad():
    for o in logits[0].topk(2).indices:
        cam = model.cam(int(o))
        cam = F.interpolate(cam[:, None], size=img.shape[2:], mode="bilinear")
        plt.figure()
        plt.imshow((img * cam)[0].permute(1, 2, 0).clamp(0, 1))
""")

NETWORKS["all_classes_by_conv"] = notebook("""
import torch, torchvision
import torch.nn.functional as F
import numpy as np
import cv2
import matplotlib.pyplot as plt
from PIL import Image
# %%
model = torchvision.models.resnet18(weights=torchvision.models.ResNet18_Weights.IMAGENET1K_V1)
model.eval()
def stem(x):
    for name, child in model.named_children():
        if name == "avgpool":
            return x
        x = child(x)
def head(A):
    return model.fc(F.adaptive_avg_pool2d(A, 1).flatten(1))
# %%
tf = torchvision.models.ResNet18_Weights.IMAGENET1K_V1.transforms()
img = Image.open("image.jpg").convert("RGB")
x = tf(img)[None]
with torch.no_grad():
    A = stem(x)
    z = head(A)
# %%
with torch.no_grad():
    everything = F.conv2d(A, model.fc.weight[:, :, None, None])[0]    # O x 7 x 7

def class_map(o):
    m = everything[o].clamp(min=0)
    return (m / m.max()).numpy()

o = z.argmax().item()
m = cv2.resize(class_map(o), img.size, interpolation=cv2.INTER_CUBIC)
bgr = cv2.cvtColor(np.array(img), cv2.COLOR_RGB2BGR)
out = np.clip(bgr * m[..., None], 0, 255).astype(np.uint8)
cv2.imwrite("overlay.png", out)
plt.imshow(out[..., ::-1])
""")

NETWORKS["vjp_of_the_head"] = notebook("""
import torch
import torchvision
from torchvision import transforms
import matplotlib.pyplot as plt
from PIL import Image
# %%
class Net(torch.nn.Module):
    def __init__(self, **kw):
        super().__init__()
        net = torch.hub.load("pytorch/vision:v0.10.0", "resnet18", pretrained=True)
        self.trunk = torch.nn.ModuleList([m for n, m in net.named_children() if n not in ("avgpool", "fc")])
        self.fc = net.fc
    def forward(self, x, *, return_map=True):
        for m in self.trunk:
            x = m(x)
        logits = self.fc(x.mean((-1, -2)))
        return (logits, x) if return_map else logits
# %%
net = Net()
net.train(False)
im = Image.open("image.jpg")
im = im.resize((224, 224))
ten = transforms.functional.pil_to_tensor(im) / 255.
mu, sd = torch.tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]])
inp = ((ten - mu[:, None, None]) / sd[:, None, None])[None]
logits, A = net(inp)
A = A.detach()
# %%
def weights(o):
    g = torch.func.grad(lambda a: net.fc(a.mean((-1, -2)))[0, o])(A)
    return g.sum((2, 3)) / g[0, 0].numel()

def heat(o):
    h = torch.relu(weights(o) @ A[0].flatten(1)).view(1, 1, 7, 7)
    return h / h.max()

def product(o):
    return torch.nn.functional.interpolate(heat(o), size=ten.shape[1:], mode="bilinear")[0] * ten

plt.imshow(product(logits.argmax().item()).detach().permute(1, 2, 0))
plt.colorbar()
""")

NETWORKS["main_function"] = notebook('''
import argparse, sys
import torch, torchvision
import numpy as np
import matplotlib.pyplot as plt
from PIL import Image
from torchvision import transforms

class ResNetCAM(torch.nn.Module):
    """returns a dictionary"""
    def __init__(self):
        super().__init__()
        m = torchvision.models.resnet18(weights="DEFAULT")
        self.__dict__.update(conf="x")
        self.seq = torch.nn.Sequential()
        for n, c in m.named_children():
            if n in ["avgpool", "fc"]: continue
            self.seq.add_module(n, c)
        self.avg, self.lin = m.avgpool, m.fc
    def forward(self, inp):
        res = {}
        res["map"] = self.seq(inp)
        res["logits"] = self.lin(self.avg(res["map"]).flatten(1))
        return res

def load(path):
    img = Image.open(path).convert("RGB")
    s = min(img.size)
    l, t = (img.width - s) // 2, (img.height - s) // 2
    return img.crop((l, t, l + s, t + s)).resize((224, 224), Image.BILINEAR)

def compute(res, cls):
    g = torch.autograd.grad(res["logits"][0, cls], res["map"], retain_graph=True)[0]
    al = g[0].flatten(1).mean(1)
    L = (al[:, None, None] * res["map"][0]).sum(axis=0)
    L = torch.max(L, torch.zeros(1))
    return (L / L.max()).detach().numpy()

def main():
    model = ResNetCAM()
    model.eval()
    img = load("image.jpg")
    x = transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])(transforms.ToTensor()(img)).unsqueeze(0)
    res = model(x)
    cls = res["logits"].argmax().item()
    cam = compute(res, cls)
    cam = np.array(Image.fromarray(cam).resize(img.size))
    mix = (np.array(img) * np.expand_dims(cam, 2)).round().astype("uint8")
    Image.fromarray(mix).save("out.png")
    plt.imshow(mix)
    plt.show()

if __name__ == "__main__":
    main()
''')

NETWORKS["french_batch_of_two"] = notebook("""
import torch
import torchvision
import torchvision.transforms as transformations
import numpy as np
from PIL import Image
import matplotlib.pyplot as plt
# %%
# (c) on instancie le reseau
class Reseau(torchvision.models.ResNet):
    def __init__(self):
        super().__init__(torchvision.models.resnet.BasicBlock, [2, 2, 2, 2])
        self.carte = None
    def forward(self, entree):
        x = self.relu(self.bn1(self.conv1(entree)))
        x = self.maxpool(x)
        x = self.layer3(self.layer2(self.layer1(x)))
        self.carte = self.layer4(x)
        return self.fc(self.carte.mean(dim=[2, 3]))

reseau = Reseau()
reseau.load_state_dict(torchvision.models.resnet18(weights='DEFAULT').state_dict())
reseau = reseau.eval()
# %%
# (d) deux images : l'originale et son miroir
image = Image.open('image.jpg').convert('RGB')
image = transformations.Compose([transformations.Resize(256), transformations.CenterCrop(224)])(image)
miroir = transformations.functional.hflip(image)
vers_tenseur = transformations.ToTensor()
normaliser = transformations.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
lot = torch.stack([normaliser(vers_tenseur(i)) for i in (image, miroir)])
sorties = reseau(lot)
cartes = reseau.carte
# %%
# (e) carte d'activation
def carte_activation(classe, indice=0):
    derivee = torch.autograd.grad(sorties[indice, classe], cartes, retain_graph=True)[0][indice]
    poids = derivee.mean(dim=(1, 2))
    somme = (poids.unsqueeze(-1).unsqueeze(-1) * cartes[indice]).sum(0)
    somme = somme.relu()
    return (somme / somme.max()).detach()

for indice, photo in enumerate((image, miroir)):
    classe = sorties[indice].argmax().item()
    carte = carte_activation(classe, indice)
    carte = torch.nn.functional.interpolate(carte[None, None], scale_factor=32, mode='bilinear')[0, 0]
    resultat = vers_tenseur(photo) * carte
    plt.subplot(1, 2, indice + 1)
    plt.imshow(resultat.permute(1, 2, 0))
plt.show()
""")
