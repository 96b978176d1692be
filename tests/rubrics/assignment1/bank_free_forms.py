"""Right solutions whose last question takes an unusual form."""

from __future__ import annotations

from tests.rubrics.assignment1.notebooks import altered, notebook

FORMS: dict[str, list[str]] = {}

FORMS["short"] = notebook("""
import torch, torchvision, matplotlib.pyplot as plt
from PIL import Image
from torchvision.transforms.functional import to_tensor, normalize, resize
# %%
m = torchvision.models.resnet18(weights='DEFAULT').eval()
trunk = torch.nn.Sequential(*list(m.children())[:-2])
f = lambda x: ((A := trunk(x)), m.fc(A.mean((2, 3))))
# %%
img = to_tensor(resize(Image.open('image.jpg'), (224, 224)))
with torch.no_grad(): A, z = f(normalize(img, [.485, .456, .406], [.229, .224, .225])[None])
# %%
def cam(o):
    with torch.no_grad(): c = torch.einsum('q,qkm->km', m.fc.weight[o], A[0]).relu()
    return c / c.max()
o = z.argmax().item()
plt.imshow((resize(cam(o)[None], (224, 224)) * img).permute(1, 2, 0))
""")

FORMS["one_cell_everything"] = notebook("""
import torch
import torchvision
import numpy as np
import matplotlib.pyplot as plt
from PIL import Image

# pretrained network
model = torchvision.models.resnet18(weights="IMAGENET1K_V1")
model.eval()

# hook
features = None
gradient = None
def forward_hook(module, inputs, output):
    global features
    features = output
def backward_hook(module, grad_input, grad_output):
    global gradient
    gradient = grad_output[0]
model.layer4[1].conv2.register_forward_hook(lambda *a: None)
model.layer4.register_forward_hook(forward_hook)
model.layer4.register_full_backward_hook(backward_hook)

# image
image = Image.open("image.jpg").convert("RGB").resize((224, 224))
pixels = np.array(image).astype(np.float32) / 255.0
norm = (pixels - np.array([0.485, 0.456, 0.406])) / np.array([0.229, 0.224, 0.225])
tensor = torch.tensor(norm.transpose((2, 0, 1)), dtype=torch.float).unsqueeze(0)

# extraction
logits = model(tensor)

# map
def grad_cam(class_index):
    out = model(tensor)
    model.zero_grad(set_to_none=True)
    out[0, class_index].backward()
    w = gradient.detach().numpy()[0].mean(axis=(1, 2))
    f = features.detach().numpy()[0]
    cam = np.sum(f * w[:, np.newaxis, np.newaxis], axis=0)
    cam = np.where(cam < 0, 0, cam)
    cam = (cam - cam.min()) / (cam.max() - cam.min())
    return cam

cam = grad_cam(int(torch.argmax(logits)))
cam = np.kron(cam, np.ones((32, 32)))
plt.imshow(pixels * cam[:, :, None])
plt.show()
""")

FORMS["unlucky_order"] = notebook("""
import torch, torchvision
import torchvision.transforms as T
import numpy as np
import matplotlib.pyplot as plt
from PIL import Image
# %%
plt.imshow(blend(z.argmax().item()))
# %%
def blend(o):
    c = activation(o)
    c = np.array(Image.fromarray(np.uint8(c * 255)).resize((224, 224), Image.BICUBIC)) / 255.0
    return rgb * c[:, :, None]
# %%
def activation(o):
    alpha = model.fc.weight[o].detach().numpy() / (A.shape[2] * A.shape[3])
    A0 = A[0].detach().numpy()
    s = (alpha.reshape(-1, 1, 1) * A0).sum(axis=0)
    s = np.maximum(0, s)
    return s / s.max()
# %%
z, A = extract(T.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])(T.ToTensor()(image)).unsqueeze(0))
# %%
model = torchvision.models.resnet18(weights=torchvision.models.ResNet18_Weights.IMAGENET1K_V1)
model.eval()
def extract(x):
    body = torch.nn.Sequential(*[c for c in model.children()][:8])
    with torch.no_grad():
        A = body(x)
        z = model.fc(model.avgpool(A).flatten(start_dim=1))
    return z, A
# %%
image = T.CenterCrop(224)(T.Resize(224)(Image.open("image.jpg").convert("RGB")))
rgb = np.asarray(image) / 255
# %%
z, A = extract(T.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])(T.ToTensor()(image)).unsqueeze(0))
print(z.shape, A.shape)
# %%
plt.imshow(blend(z.argmax().item()))
""")

FORMS["several_results"] = notebook('''
import torch
import torch.nn.functional as F
from torchvision import models, transforms
from PIL import Image
import matplotlib.pyplot as plt
import numpy as np
# %%
class FeatureNet(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.net = models.resnet18(weights=models.ResNet18_Weights.DEFAULT)
        self.activation = None
        self.gradient = None
    def save_gradient(self, g):
        self.gradient = g
    def forward(self, x):
        for name, layer in self.net._modules.items():
            if name == "fc":
                x = x.flatten(1)
            x = layer(x)
            if name == "layer4":
                self.activation = x
                if x.requires_grad:
                    x.register_hook(self.save_gradient)
        return x
model = FeatureNet()
model = model.eval()
# %%
path = "image.jpg"
original = Image.open(path).convert("RGB")
original = original.resize((224, 224))
pre = transforms.Compose([transforms.ToTensor(), transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])
x = pre(original)[None]
output = model(x)
A = model.activation.detach()
# %%
def compute_gradcam(model, x, original, target_class=None):
    """Returns map, heat map in colour, overlay."""
    output = model(x)
    if target_class is None:
        target_class = output.argmax().item()
    model.zero_grad()
    output[0, target_class].backward(retain_graph=True)
    g, a = model.gradient, model.activation
    weights = F.adaptive_avg_pool2d(g, 1)
    cam = (weights * a).sum(1, keepdim=True)
    cam = F.relu(cam)
    cam = F.interpolate(cam, size=(original.height, original.width), mode="bilinear", align_corners=False)
    cam = cam / cam.max()
    cam = cam[0, 0].detach().numpy()
    heat = plt.get_cmap("jet")(cam)[..., :3]
    overlay = np.array(original) / 255. * cam[..., None]
    return cam, heat, overlay, target_class

cam, heat, overlay, c = compute_gradcam(model, x, original)
f, ax = plt.subplots(1, 3)
ax[0].imshow(original); ax[1].imshow(heat); ax[2].imshow(overlay)
# %%
for t in range(3):
    plt.imshow(compute_gradcam(model, x, original, t)[2])
    plt.show()
''')

FORMS["amp_and_device"] = notebook("""
import torch, torchvision
from torchvision import transforms
from PIL import Image
import numpy as np, matplotlib.pyplot as plt
# %%
if torch.cuda.is_available():
    device = "cuda"
elif torch.backends.mps.is_available():
    device = "mps"
else:
    device = "cpu"
net = torchvision.models.resnet18(weights="DEFAULT").to(device)
for p in net.parameters():
    p.requires_grad = False
class Ext(torch.nn.Module):
    def __init__(self, net):
        super().__init__()
        self.body = torch.nn.Sequential(*list(net.children())[:-2]); self.fc = net.fc
    def forward(self, x):
        A = self.body(x)
        return self.fc(A.mean(dim=(2,3))), A
ext = Ext(net).to(device).eval()
# %%
image = Image.open("image.jpg").convert("RGB")
crop = transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224)])(image)
x = transforms.Compose([transforms.ToTensor(), transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])(crop)
x = x.unsqueeze(0).to(device)
x.requires_grad_(True)
with torch.autocast(device_type=device, enabled=False):
    logits, A = ext(x)
# %%
def gradcam(o):
    grads = torch.autograd.grad(logits[0, o], A, retain_graph=True)[0].cpu()
    alpha = grads.mean(dim=(2, 3)).flatten()
    L = torch.zeros(A.shape[-2:])
    for a, f in zip(alpha, A[0].detach().cpu()):
        L += a * f
    L = torch.relu(L).numpy()
    return L / L.max()
classes = torch.topk(logits, 3).indices.cpu().numpy()[0]
cropped = np.array(crop, dtype=np.float32)
for o in classes:
    L = torch.nn.functional.interpolate(torch.tensor(gradcam(o))[None, None], (224, 224), mode="bilinear")
    plt.figure(); plt.imshow((L[0, 0].numpy()[:, :, None] * cropped).astype(np.uint8))
""")

FORMS["leaf_feature_map"] = notebook('''
#md # Task 1
# %%
import torch
import torchvision.models as models
import torchvision.transforms as transforms
from PIL import Image
import cv2, numpy as np
import matplotlib.pyplot as plt
# %%
#md ## Task 1 (c): Network Instantiation
# %%
full = models.resnet18(weights=models.ResNet18_Weights.IMAGENET1K_V1)
full.eval()
head = full.fc
full.fc = torch.nn.Identity()
full.avgpool = torch.nn.Identity()
def net(x):
    """logits and map"""
    maps = full(x).reshape(-1, 512, 7, 7)
    logits = head(maps.mean((2, 3)))
    return logits, maps
# %%
#md ## Task 1 (d): Feature Extraction
# %%
image = cv2.imread('image.jpg')
image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
image = cv2.resize(image, (224, 224))
tensor = transforms.Compose([transforms.ToTensor(), transforms.Normalize(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))])(image)
tensor = tensor[np.newaxis]
with torch.no_grad():
    logits, maps = net(tensor)
# %%
#md ## Task 1 (e): Visualization
# %%
def CAM(o):
    A = maps.clone().detach()
    A.requires_grad = True
    z = head(A.mean((2, 3)))[0, o]
    z.backward()
    alpha = A.grad[0].numpy().mean((1, 2))
    cam = np.zeros((7, 7), dtype=np.float32)
    for q in range(512):
        cam = cam + alpha[q] * maps[0, q].numpy()
    cam[cam < 0] = 0
    cam = cam / np.amax(cam)
    return cam

def Overlay(o):
    cam = cv2.resize(CAM(o), (224, 224), interpolation=cv2.INTER_LINEAR)
    cam = np.stack([cam] * 3, axis=2)
    return np.multiply(cam, image.astype(np.float32) / 255)

plt.imshow(Overlay(int(logits.argmax())))
''')

FORMS["jacobian_and_class_names"] = notebook("""
import torch, torchvision, numpy as np
from PIL import Image
import matplotlib.pyplot as plt
weights = torchvision.models.ResNet18_Weights.DEFAULT
categories = weights.meta["categories"]
# %%
class Hooked:
    def __init__(self):
        self.net = torchvision.models.resnet18(weights=weights)
        self.net.eval()
        self.net.layer4.register_forward_hook(self)
    def __call__(self, module, args, output):
        self.A = output.detach()
    def logits(self, x):
        with torch.no_grad():
            return self.net(x)
    def head(self, A):
        return self.net.fc(self.net.avgpool(A).flatten(1))
hooked = Hooked()
# %%
im = Image.open("image.jpg").convert("RGB")
x = weights.transforms()(im).unsqueeze(0)
z = hooked.logits(x)
# %%
def cam_of(name: str):
    o = categories.index(name)
    J = torch.autograd.functional.jacobian(lambda A: hooked.head(A)[0, o], hooked.A)
    alpha = J.mean(dim=(2, 3), keepdim=True)
    c = (alpha * hooked.A).sum(dim=1)[0]
    c = torch.nn.functional.relu(c)
    return c / c.max()
# %%
name = categories[z.argmax()]
print(name)
c = cam_of(name)
full = torch.nn.functional.interpolate(c[None, None], size=(im.height, im.width), mode="bilinear", align_corners=False)
arr = torch.from_numpy(np.array(im)).permute(2, 0, 1) / 255
result = (full[0] * arr).permute(1, 2, 0).numpy()
plt.imshow(result); plt.title(name); plt.show()
""")

FORMS["flat_loop_inside_function"] = notebook("""
import torch
import torchvision
from torchvision import transforms as tr
import numpy as np
from PIL import Image
import matplotlib.pyplot as plt
# %%
net = torchvision.models.resnet18(weights="DEFAULT")
A = []
net.layer4[-1].register_forward_hook(lambda m, i, o: A.append(o))
# %%
img = Image.open("image.jpg")
img = tr.Resize((224, 224))(img)
X = tr.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])(tr.ToTensor()(img))[None]
net.eval()
Z = net(X)
A = A[-1]
# %%
Q, K, M = A.shape[1:]
def cam(o):
    L = np.zeros((K, M))
    w = net.fc.weight.detach().numpy()
    a = A.detach().numpy()[0]
    for k in range(K):
        for m in range(M):
            for q in range(Q):
                L[k, m] += w[o, q] / (K * M) * a[q, k, m]
            L[k, m] = max(0, L[k, m])
    return L / L.max()
# %%
o = Z.argmax(dim=1)
L = cam(o.item())
big = np.zeros((224, 224))
for i in range(224):
    for j in range(224):
        big[i, j] = L[i * K // 224, j * M // 224]
out = np.zeros((224, 224, 3))
for c in range(3):
    out[:, :, c] = np.array(img)[:, :, c] / 255 * big
plt.imshow(out)
""")

FORMS["gradient_times_map_summed"] = altered(
    FORMS["several_results"],
    (
        "    weights = F.adaptive_avg_pool2d(g, 1)\n    cam = (weights * a).sum(1, keepdim=True)\n",
        "    cam = torch.sum(g * a, dim=1, keepdim=True)\n",
    ),
)
FORMS["probabilities_shown_as_well"] = altered(
    FORMS["one_cell_everything"],
    (
        "logits = model(tensor)\n",
        "logits = model(tensor)\nprobabilities = torch.softmax(logits, dim=1)\nprint(probabilities.max())\n",
    ),
)
FORMS["alpha_figure_and_product"] = altered(
    FORMS["leaf_feature_map"],
    (
        "plt.imshow(Overlay(int(logits.argmax())))",
        "o = int(logits.argmax())\nplt.imshow(image)\nplt.imshow(cv2.resize(CAM(o), (224, 224)), cmap='jet', alpha=0.5)\nplt.show()\nplt.imshow(Overlay(o))",
    ),
)
FORMS["never_called_map"] = altered(
    FORMS["leaf_feature_map"], ("plt.imshow(Overlay(int(logits.argmax())))", "print('done')")
)
FORMS["maximum_after_enlarging"] = altered(
    FORMS["short"],
    (
        "    return c / c.max()",
        "    c = torch.nn.functional.interpolate(c[None, None], size=(224, 224), mode='bilinear')[0]\n    return c / c.max()",
    ),
    ("resize(cam(o)[None], (224, 224))", "cam(o)"),
)
FORMS["overlay_of_uint8"] = altered(
    FORMS["jacobian_and_class_names"],
    (
        "result = (full[0] * arr).permute(1, 2, 0).numpy()",
        "result = (full[0] * 255 * arr).byte().permute(1, 2, 0).numpy()",
    ),
)
FORMS["sigma_of_clip"] = altered(FORMS["short"], (".relu()\n", ".clip(min=0)\n"))
FORMS["logits_under_amp"] = altered(
    FORMS["amp_and_device"],
    ("enabled=False", "dtype=torch.bfloat16, enabled=True"),
    ("grads = torch", "grads = 1.0 * torch"),
    ("A[0].detach().cpu()", "A[0].detach().float().cpu()"),
    ("alpha = grads", "alpha = grads.float()"),
)
