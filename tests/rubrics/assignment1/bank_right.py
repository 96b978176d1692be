"""Right solutions of assignment 1 in many styles: each a list of cells (1c, 1d, 1e and set-up among them)."""

RIGHT: dict[str, list[str]] = {}

IMPORTS = """
import torch
import torch.nn as nn
import torch.nn.functional as F
import numpy as np
import matplotlib.pyplot as plt
from PIL import Image
from torchvision import models, transforms
"""

# --- forward hook into a dictionary, gradient by backward, torch throughout --------------------------------------
HOOK_NET = """
model = models.resnet18(weights=models.ResNet18_Weights.IMAGENET1K_V1)
model.eval()
activations = {}
def save_activation(module, inputs, output):
    activations['layer4'] = output
handle = model.layer4.register_forward_hook(save_activation)
"""
HOOK_PREP = """
img = Image.open('image.jpg').convert('RGB')
preprocess = transforms.Compose([
    transforms.Resize(256),
    transforms.CenterCrop(224),
    transforms.ToTensor(),
    transforms.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225]),
])
x = preprocess(img).unsqueeze(0)
logits = model(x)
feature_map = activations['layer4']
print(logits.shape, feature_map.shape)
"""
HOOK_CAM = """
original = transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor()])(img)

def grad_cam(o):
    grad = torch.autograd.grad(logits[0, o], feature_map, retain_graph=True)[0]
    alpha = grad.mean(dim=(2, 3), keepdim=True)
    cam = (alpha * feature_map).sum(dim=1, keepdim=True)
    cam = F.relu(cam)
    cam = cam / cam.max()
    cam = F.interpolate(cam, size=(224, 224), mode='bilinear', align_corners=False)
    return cam.squeeze().detach()

o = logits.argmax(dim=1).item()
cam = grad_cam(o)
overlay = original * cam
plt.imshow(overlay.permute(1, 2, 0).numpy())
plt.show()
"""
RIGHT["hook_dictionary_autograd"] = [IMPORTS, HOOK_NET, HOOK_PREP, HOOK_CAM]

# --- wrapper class that returns a tuple, analytic weights -----------------------------------------------------
WRAPPER_NET = """
class CAMNet(nn.Module):
    def __init__(self):
        super().__init__()
        base = models.resnet18(pretrained=True)
        self.backbone = nn.Sequential(base.conv1, base.bn1, base.relu, base.maxpool,
                                      base.layer1, base.layer2, base.layer3, base.layer4)
        self.pool = base.avgpool
        self.fc = base.fc

    def forward(self, x):
        A = self.backbone(x)
        z = self.fc(torch.flatten(self.pool(A), 1))
        return z, A

net = CAMNet()
"""
WRAPPER_PREP = """
image = Image.open("image.jpg").convert("RGB").resize((224, 224))
rgb = np.array(image).astype(np.float32) / 255.0
mean = np.array([0.485, 0.456, 0.406], dtype=np.float32)
std = np.array([0.229, 0.224, 0.225], dtype=np.float32)
batch = torch.from_numpy(((rgb - mean) / std).transpose(2, 0, 1))[None]
net.eval()
with torch.no_grad():
    z, A = net(batch)
W = net.fc.weight.detach()
"""
WRAPPER_CAM = """
def compute_map(A, W, c):
    M = torch.einsum('q,qkm->km', W[c], A[0]) / 49
    M = torch.clamp(M, min=0)
    return M / M.max()

def show(c):
    M = compute_map(A, W, c).numpy()
    M = np.array(Image.fromarray(M).resize((224, 224), Image.BICUBIC))
    result = rgb * M[:, :, None]
    plt.imshow(np.clip(result, 0, 1))
    plt.title(str(c))
    plt.show()

for c in z[0].topk(3).indices.tolist():
    show(c)
"""
RIGHT["wrapper_tuple_analytic"] = [IMPORTS, WRAPPER_NET, WRAPPER_PREP, WRAPPER_CAM]

# --- replaced forward, dictionary result, numpy and OpenCV ---------------------------------------------------------
REPLACED_NET = """
import types, cv2
resnet = models.resnet18(weights='IMAGENET1K_V1')

def forward(self, x):
    x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
    x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
    pooled = self.avgpool(x).flatten(1)
    return {'logits': self.fc(pooled), 'features': x}

resnet.forward = types.MethodType(forward, resnet)
"""
REPLACED_PREP = """
bgr = cv2.imread('image.jpg')
picture = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
picture = cv2.resize(picture, (224, 224))
tensor = torch.tensor(picture / 255.0, dtype=torch.float32).permute(2, 0, 1)
tensor = transforms.functional.normalize(tensor, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
tensor = torch.unsqueeze(tensor, 0)
resnet = resnet.eval()
with torch.no_grad():
    out = resnet(tensor)
features = out['features'][0].cpu().numpy()
scores = out['logits'][0].cpu().numpy()
fc_w = resnet.fc.weight.detach().cpu().numpy()
"""
REPLACED_CAM = """
def cam_for(o):
    alpha = fc_w[o] / features[0].size
    cam = np.zeros(features.shape[1:], dtype=np.float32)
    for q in range(features.shape[0]):
        cam += alpha[q] * features[q]
    cam = np.maximum(cam, 0)
    cam = cam / (cam.max() + 1e-8)
    cam = cv2.resize(cam, (picture.shape[1], picture.shape[0]))
    return cam

def overlay(o):
    cam = cam_for(o)
    masked = (picture * cam[..., np.newaxis]).astype(np.uint8)
    return masked

best = int(np.argmax(scores))
plt.figure()
plt.imshow(overlay(best))
plt.axis('off')
"""
RIGHT["replaced_forward_numpy"] = [IMPORTS, REPLACED_NET, REPLACED_PREP, REPLACED_CAM]

# --- torchvision's feature extractor, the weights' own transforms --------------------------------------------------
EXTRACTOR_NET = """
from torchvision.models import resnet18, ResNet18_Weights
from torchvision.models.feature_extraction import create_feature_extractor
weights = ResNet18_Weights.DEFAULT
base = resnet18(weights=weights)
extractor = create_feature_extractor(base, return_nodes={'layer4': 'A', 'fc': 'z'})
"""
EXTRACTOR_PREP = """
pil = Image.open('my_dog.png').convert('RGB')
extractor.eval()
batch = weights.transforms()(pil).unsqueeze(0)
with torch.inference_mode():
    elements = extractor(batch)
A, z = elements['A'], elements['z']
"""
EXTRACTOR_CAM = """
def class_activation_map(o, size=None):
    w = base.fc.weight[o].detach()
    cam = torch.tensordot(w, A[0], dims=1).clamp_min(0)
    cam = cam / cam.amax()
    if size is not None:
        cam = transforms.functional.resize(cam[None], list(size), antialias=True)[0]
    return cam

crop = transforms.CenterCrop(224)(transforms.Resize(256)(pil))
arr = np.asarray(crop) / 255.
name_to_idx = {n: i for i, n in enumerate(weights.meta['categories'])}
heat = class_activation_map(name_to_idx['tabby'], size=(224, 224)).numpy()
fig, ax = plt.subplots(1, 2)
ax[0].imshow(arr)
ax[1].imshow(arr * heat[:, :, None])
"""
RIGHT["feature_extractor"] = [IMPORTS, EXTRACTOR_NET, EXTRACTOR_PREP, EXTRACTOR_CAM]

# --- two halves --------------------------------------------------------------------------------------------------
SPLIT_NET = """
full = models.resnet18(weights="DEFAULT").eval()
body = nn.Sequential(*list(full.children())[:-2])
head = nn.Sequential(full.avgpool, nn.Flatten(), full.fc)
"""
SPLIT_PREP = """
tf = transforms.Compose([transforms.Resize((224, 224)), transforms.ToTensor(),
                         transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))])
original = Image.open('cat.jpg').convert('RGB')
inp = tf(original)[None, ...]
fmap = body(inp)
fmap.retain_grad()
scores = head(fmap)
"""
SPLIT_CAM = """
def gradcam(class_id):
    full.zero_grad()
    if fmap.grad is not None:
        fmap.grad = None
    scores[0, class_id].backward(retain_graph=True)
    g = fmap.grad[0].mean(-1).mean(-1)
    heat = torch.zeros(fmap.shape[2:])
    for i, weight in enumerate(g):
        heat = heat + weight * fmap[0, i].detach()
    heat = torch.where(heat > 0, heat, torch.zeros_like(heat))
    return heat / torch.max(heat)

pred = scores.argmax()
heat = gradcam(pred)
big = F.interpolate(heat[None, None], size=(original.height, original.width), mode='bicubic', align_corners=True)
big = big[0, 0].clamp(0, 1).numpy()
blended = np.array(original) * np.stack([big] * 3, axis=2)
plt.imshow(blended.astype('uint8'))
"""
RIGHT["split_retain_grad"] = [IMPORTS, SPLIT_NET, SPLIT_PREP, SPLIT_CAM]

# --- a GradCAM class with forward and backward hooks ---------------------------------------------------------------
CLASS_NET = """
class GradCAM:
    def __init__(self, model, layer):
        self.model = model
        self.features = None
        self.gradients = None
        layer.register_forward_hook(self._forward)
        layer.register_full_backward_hook(self._backward)

    def _forward(self, module, inp, out):
        self.features = out.detach()

    def _backward(self, module, grad_in, grad_out):
        self.gradients = grad_out[0].detach()

    def __call__(self, x, target=None):
        logits = self.model(x)
        if target is None:
            target = logits.argmax(1).item()
        self.model.zero_grad()
        logits[:, target].sum().backward()
        weights = self.gradients.mean(dim=[2, 3], keepdim=True)
        cam = torch.relu((weights * self.features).sum(1))
        cam = cam / cam.max()
        return cam[0]

device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
model = models.resnet18(pretrained=True).to(device)
model.eval()
explainer = GradCAM(model, model.layer4[-1])
"""
CLASS_PREP = """
transform = transforms.Compose([
    transforms.Resize(224), transforms.CenterCrop(224), transforms.ToTensor(),
    transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])
image = Image.open('image.jpg')
input_tensor = transform(image).unsqueeze(0).to(device)
output = model(input_tensor)
featuremaps = explainer.features
"""
CLASS_CAM = """
cam = explainer(input_tensor, 207)
mask = F.interpolate(cam.view(1, 1, 7, 7), size=input_tensor.shape[-2:], mode='bilinear').squeeze().cpu()
mean = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
std = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
unnormalized = input_tensor[0].cpu() * std + mean
result = unnormalized * mask
plt.imshow(result.permute(1, 2, 0).clamp(0, 1))
plt.colorbar()
"""
RIGHT["class_with_hooks"] = [IMPORTS, CLASS_NET, CLASS_PREP, CLASS_CAM]

# --- second network beside the first -------------------------------------------------------------------------------
SECOND_NET = """
net = models.resnet18(weights=models.ResNet18_Weights.DEFAULT)
net.eval()
feature_net = torch.nn.Sequential(*list(net.children())[:-2])
feature_net.eval()
"""
SECOND_PREP = """
def load(path):
    picture = Image.open(path).convert('RGB')
    size = transforms.Resize((224, 224))(picture)
    t = transforms.ToTensor()(size)
    return np.array(size), transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])(t).unsqueeze(0)

raw, x = load('image.jpg')
with torch.no_grad():
    out = net(x)
    fm = feature_net(x)
weights = net.fc.weight.data
"""
SECOND_CAM = """
def cam_overlay(o):
    a = (weights[o] / 49).view(512, 1, 1)
    cam = torch.sum(a * fm[0], dim=0)
    cam[cam < 0] = 0
    cam /= cam.max()
    cam = nn.Upsample(size=(224, 224), mode='bilinear')(cam[None, None])[0, 0]
    return (raw / 255) * cam.numpy()[:, :, None]

plt.imshow(cam_overlay(out.argmax().item())); plt.show()
"""
RIGHT["second_network"] = [IMPORTS, SECOND_NET, SECOND_PREP, SECOND_CAM]

# --- subclass of ResNet whose attribute keeps the features -----------------------------------------------------------
SUBCLASS_NET = """
from torchvision.models.resnet import ResNet, BasicBlock
class FeatureResNet(ResNet):
    def __init__(self):
        super().__init__(BasicBlock, [2, 2, 2, 2])
        self.A = None
    def _forward_impl(self, x):
        x = self.conv1(x); x = self.bn1(x); x = self.relu(x); x = self.maxpool(x)
        x = self.layer1(x); x = self.layer2(x); x = self.layer3(x); x = self.layer4(x)
        self.A = x
        x = self.avgpool(x)
        x = torch.flatten(x, 1)
        return self.fc(x)
cnn = FeatureResNet()
cnn.load_state_dict(models.resnet18(pretrained=True).state_dict())
"""
SUBCLASS_PREP = """
cnn.eval()
im = Image.open('image.jpg').convert('RGB')
pre = transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor()])
x01 = pre(im)
xn = (x01 - torch.tensor([.485, .456, .406])[:, None, None]) / torch.tensor([.229, .224, .225])[:, None, None]
z = cnn(xn.reshape(1, 3, 224, 224))
"""
SUBCLASS_CAM = """
def heatmap(o: int) -> torch.Tensor:
    \"\"\"Grad-CAM of class o.\"\"\"
    return (lambda m: m / m.max())(torch.relu(torch.matmul(cnn.fc.weight[o], cnn.A[0].flatten(1)).reshape(7, 7)))

o = 281
big = torch.nn.functional.interpolate(heatmap(o)[None, None], scale_factor=32, mode="nearest")[0]
plt.imshow((x01 * big).detach().permute(1, 2, 0))
"""
RIGHT["subclass_attribute"] = [IMPORTS, SUBCLASS_NET, SUBCLASS_PREP, SUBCLASS_CAM]

# --- a plain function walks through the network ----------------------------------------------------------------------
FUNCTION_NET = """
m = models.resnet18(weights=models.ResNet18_Weights.IMAGENET1K_V1)
m.eval()
def forward_with_features(x):
    for name, child in m.named_children():
        if name == 'avgpool':
            fmap = x
        if name == 'fc':
            x = torch.flatten(x, 1)
        x = child(x)
    return x, fmap
"""
FUNCTION_PREP = """
photo = Image.open('photo.jpeg').convert('RGB')
T = transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224), transforms.PILToTensor(),
    transforms.ConvertImageDtype(torch.float), transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])
x = T(photo)
x = torch.stack([x])
Z, FM = forward_with_features(x)
"""
FUNCTION_CAM = """
def visualize(o, FM, photo):
    w_o = m.fc.weight[o]
    K, M = FM.shape[-2:]
    cam = 0
    for q in range(512):
        cam = cam + w_o[q] / (K * M) * FM[0, q]
    cam = nn.ReLU()(cam)
    cam = (cam - cam.min()) / (cam.max() - cam.min())
    cam = transforms.ToPILImage()(cam).resize(photo.size, Image.BILINEAR)
    cam = np.asarray(cam) / 255
    return cam[:, :, None] * (np.asarray(photo) / 255)

with torch.no_grad():
    plt.imshow(visualize(Z.argmax(1).item(), FM, photo))
"""
RIGHT["function_walk"] = [IMPORTS, FUNCTION_NET, FUNCTION_PREP, FUNCTION_CAM]

# --- preprocessing inside the network -------------------------------------------------------------------------------
INSIDE_NET = """
class Explainable(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer('mean', torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1))
        self.register_buffer('std', torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1))
        self.net = models.resnet18(weights='DEFAULT')
        self.net.layer4.register_forward_hook(self.keep)
    def keep(self, module, args, output):
        self.feature_maps = output
    def forward(self, x):
        x = (x - self.mean) / self.std
        return self.net(x)
model = Explainable().eval()
"""
INSIDE_PREP = """
to_input = transforms.Compose([transforms.Resize((224, 224)), transforms.ToTensor()])
img01 = to_input(Image.open('image.jpg').convert('RGB')).unsqueeze(0)
logits = model(img01)
"""
INSIDE_CAM = """
def cam(o):
    model.zero_grad()
    model.feature_maps.retain_grad()
    z = model(img01)
    model.feature_maps.retain_grad()
    z[0][o].backward()
    A = model.feature_maps
    weights = A.grad.mean((2, 3))[0]
    L = (weights.reshape(-1, 1, 1) * A[0]).sum(0).relu()
    L = L / L.max()
    L = F.interpolate(L[None, None], (224, 224), mode='bilinear')[0, 0]
    return (L * img01[0]).detach()
plt.imshow(np.transpose(cam(int(logits.argmax())).numpy(), (1, 2, 0)))
"""
RIGHT["preprocessing_inside"] = [IMPORTS, INSIDE_NET, INSIDE_PREP, INSIDE_CAM]

# --- everything inside one function with temporary hooks --------------------------------------------------------------
LOCAL_NET = """
def get_network():
    net = models.resnet18(pretrained=True)
    for p in net.parameters():
        p.requires_grad = False
    net.eval()
    return net

network = get_network()
store = []
def run(x):
    store.clear()
    h = network.avgpool.register_forward_pre_hook(lambda mod, inp: store.append(inp[0]))
    y = network(x)
    h.remove()
    return y, store[0]
"""
LOCAL_PREP = """
normalize = transforms.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])
pil_image = Image.open('image.jpg').convert('RGB')
def prepare(pil):
    small = pil.resize((224, 224), resample=Image.LANCZOS)
    return normalize(transforms.functional.to_tensor(small)).unsqueeze(0)
y, feats = run(prepare(pil_image))
"""
LOCAL_CAM = """
def explain(o, pil=pil_image):
    y, feats = run(prepare(pil))
    w = network.fc.weight[o].numpy()
    A = feats[0].numpy()
    cam = (w[:, None, None] * A).mean(axis=0)
    cam *= cam > 0
    cam /= cam.max()
    import scipy.ndimage
    big = scipy.ndimage.zoom(cam, (pil.height / 7, pil.width / 7), order=1)
    return np.multiply(np.asarray(pil), big[:, :, None]).astype(np.uint8)

for o in y.topk(2).indices[0]:
    plt.figure(); plt.imshow(explain(o)); plt.show()
"""
RIGHT["temporary_hooks"] = [IMPORTS, LOCAL_NET, LOCAL_PREP, LOCAL_CAM]

# --- torch.hub, probability gradient times p(1-p), module with a class argument -----------------------------------------
HUB_NET = """
hub = torch.hub.load('pytorch/vision', 'resnet18', pretrained=True)
class Net(torch.nn.Module):
    def __init__(self, r):
        super().__init__()
        self.r = r
    def features(self, x):
        r = self.r
        x = r.maxpool(r.relu(r.bn1(r.conv1(x))))
        for layer in (r.layer1, r.layer2, r.layer3, r.layer4):
            x = layer(x)
        return x
    def classify(self, A):
        return self.r.fc(A.mean(dim=(2, 3)))
    def forward(self, x):
        A = self.features(x)
        return self.classify(A), A
net = Net(hub)
"""
HUB_PREP = """
net.eval()
pic = Image.open('image.jpg').convert('RGB')
a = np.asarray(pic.resize((224, 224)), dtype=np.float32) / 255
b = a.copy()
for c, (mu, sd) in enumerate(zip((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))):
    b[..., c] = (b[..., c] - mu) / sd
t = torch.from_numpy(np.moveaxis(b, -1, 0)).float()
t = t.view(1, *t.shape)
z, A = net(t)
"""
HUB_CAM = """
class Cam(torch.nn.Module):
    def __init__(self, net):
        super().__init__()
        self.net = net
    def forward(self, x, o):
        z, A = self.net(x)
        p = torch.softmax(z, 1)[0, o]
        alpha = p * (1 - p) * self.net.r.fc.weight[o] / (7 * 7)
        s = F.conv2d(A, alpha[None, :, None, None])
        s = torch.nn.functional.threshold(s, 0, 0)
        return s / s.max()
cam_module = Cam(net)
with torch.no_grad():
    s = cam_module(t, 340)
    s = F.interpolate(s, size=a.shape[:2], mode='bicubic').clamp(0, 1)[0, 0]
picture = torch.from_numpy(a) * s.unsqueeze(-1)
plt.imshow(picture)
"""
RIGHT["hub_module"] = [IMPORTS, HUB_NET, HUB_PREP, HUB_CAM]

# --- enlarged first, clipped and normalised afterwards; closure ---------------------------------------------------------
CLOSURE_NET = """
def build():
    net = models.resnet18(weights='IMAGENET1K_V1').eval()
    kept = {}
    net.layer4.register_forward_hook(lambda m, i, o: kept.update(A=o))
    def call(x):
        z = net(x)
        return z, kept['A']
    return net, call
net, call = build()
"""
CLOSURE_PREP = """
from torchvision.transforms import functional as TF
src = Image.open('image.jpg').convert('RGB')
t = TF.to_tensor(src)
t = TF.resize(t, [256], antialias=True)
t = TF.center_crop(t, [224, 224])
orig = t.clone()
t = TF.normalize(t, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
z, A = call(t[None])
"""
CLOSURE_CAM = """
def make_cam(z, A):
    def cam(o):
        g, = torch.autograd.grad(z[0, o], A, retain_graph=True)
        weighted = g * A
        up = F.interpolate(weighted.sum(1, keepdim=True), size=orig.shape[1:], mode='bilinear', align_corners=False)
        up = up.clamp(min=0)
        return (up / up.max())[0].detach()
    return cam
cam = make_cam(z, A)
for k in [281, 282]:
    masked = orig * cam(k)
    plt.imshow(masked.permute(1, 2, 0).numpy())
    plt.show()
"""
RIGHT["closure_upsample_first"] = [IMPORTS, CLOSURE_NET, CLOSURE_PREP, CLOSURE_CAM]

# --- fc removed from the network but used separately; global names inside functions ---------------------------------------
GLOBAL_NET = """
resnet18 = models.resnet18(pretrained=True)
resnet18.train(False)
feature_maps = None
def hook(module, input, output):
    global feature_maps
    feature_maps = output.detach().clone()
resnet18._modules.get('layer4').register_forward_hook(hook)
"""
GLOBAL_PREP = """
image_path = './image.jpg'
img_pil = Image.open(image_path)
img_pil = img_pil.convert('RGB')
transform = transforms.Compose([
    transforms.Resize((224, 224)),
    transforms.ToTensor(),
    transforms.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])])
img_tensor = transform(img_pil)
img_tensor = img_tensor.unsqueeze(0).cuda()
resnet18 = resnet18.cuda()
prediction = resnet18(img_tensor)
params = list(resnet18.parameters())
weight_softmax = np.squeeze(params[-2].data.cpu().numpy())
"""
GLOBAL_CAM = """
import cv2
def returnCAM(class_idx):
    fm = feature_maps.cpu().numpy()
    bz, nc, h, w = fm.shape
    cam = weight_softmax[class_idx].dot(fm.reshape((nc, h * w)))
    cam = cam.reshape(h, w)
    cam = np.where(cam < 0, 0, cam)
    cam_img = cam / np.max(cam)
    cam_img = np.uint8(255 * cam_img)
    return cv2.resize(cam_img, (224, 224))

CAM = returnCAM(prediction.argmax().item())
img_np = np.array(img_pil.resize((224, 224)))
out = np.zeros_like(img_np, dtype=float)
for ch in range(3):
    out[:, :, ch] = img_np[:, :, ch] * (CAM / 255.0)
plt.imshow(out.astype(np.uint8))
plt.show()
"""
RIGHT["global_statement_numpy"] = [IMPORTS, GLOBAL_NET, GLOBAL_PREP, GLOBAL_CAM]

# --- overlay inside the function, everything in one cell, no headings -------------------------------------------------------
RIGHT["one_cell"] = [
    IMPORTS
    + """
net = models.resnet18(weights=models.ResNet18_Weights.DEFAULT).eval()
class Hook:
    def __init__(self, m): self.h = m.register_forward_hook(self)
    def __call__(self, m, i, o): self.out = o
hk = Hook(net.layer4)
pic = Image.open("image.jpg").convert("RGB")
crop = transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224)])(pic)
x0 = transforms.ToTensor()(crop)
x = transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])(x0)[None]
zz = net(x)
def f(o):
    m = torch.relu((net.fc.weight[o][None, :, None, None] * hk.out).sum(1, True)); m = m / m.max()
    return x0 * F.interpolate(m, x0.shape[1:], mode="bilinear")[0]
plt.imshow(f(zz.argmax()).detach().permute(1, 2, 0).numpy())
"""
]

# --- NumPy picture, multiplication on uint8 by PIL -------------------------------------------------------------------------
PIL_CAM = """
from PIL import ImageChops
def cam(o):
    w = model.fc.weight[o].detach()
    A = activations['layer4'].detach()[0]
    s = (w @ A.reshape(512, -1)).view(7, 7).numpy()
    s = s.clip(min=0)
    return s / s.max()
crop = transforms.CenterCrop(224)(transforms.Resize(256)(img))
mask = Image.fromarray(np.uint8(cam(int(logits.argmax())) * 255)).resize((224, 224), Image.BILINEAR)
product = ImageChops.multiply(crop, Image.merge('RGB', [mask] * 3))
plt.imshow(product)
"""
RIGHT["pil_multiply"] = [IMPORTS, HOOK_NET, HOOK_PREP, PIL_CAM]

# --- list of hook targets, helper functions a step, several classes ----------------------------------------------------------
STEPS_CAM = """
def channel_weights(o):
    model.zero_grad()
    scores = model(x)
    maps = activations['layer4']
    maps.retain_grad()
    scores[0, o].backward()
    return maps.grad.mean(dim=(0, 2, 3)), maps.detach()[0]

def combine(alpha, maps):
    return torch.stack([a * m for a, m in zip(alpha, maps)]).sum(dim=0)

def clip_and_scale(s):
    s = torch.max(s, torch.tensor(0.0))
    return s / s.max()

def enlarge(s, size):
    return torch.nn.functional.interpolate(s[None, None], size=size, mode='bilinear', align_corners=True)[0, 0]

def gradcam(o):
    alpha, maps = channel_weights(o)
    return clip_and_scale(combine(alpha, maps))

picture = np.array(transforms.CenterCrop(224)(transforms.Resize(256)(img)))
for o in (1, 55, 281):
    m = enlarge(gradcam(o), picture.shape[:2]).numpy()
    plt.imshow((picture * m[..., None]).astype(np.uint8)); plt.show()
"""
RIGHT["steps_as_functions"] = [IMPORTS, HOOK_NET, HOOK_PREP, STEPS_CAM]

# --- IntermediateLayerGetter beside the network, class names -------------------------------------------------------------------
GETTER_NET = """
from torchvision.models._utils import IntermediateLayerGetter
W = models.ResNet18_Weights.IMAGENET1K_V1
network = models.resnet18(weights=W)
getter = IntermediateLayerGetter(network, return_layers={'layer4': 'last'})
network.eval()
"""
GETTER_PREP = """
picture = Image.open('image.jpg').convert('RGB')
inp = W.transforms()(picture)[None]
with torch.no_grad():
    logits = network(inp)
    features = getter(inp)['last']
"""
GETTER_CAM = """
names = W.meta['categories']
def cam(class_name):
    o = names.index(class_name)
    alpha = network.fc.weight.data[o]
    s = torch.nn.functional.relu((features.squeeze(0).permute(1, 2, 0) * alpha).sum(-1))
    s = (s / s.max()).numpy()
    w, h = picture.size
    return np.asarray(Image.fromarray(s).resize((w, h), Image.BILINEAR))
top = names[int(logits.argmax())]
plt.imshow(np.asarray(picture).astype(float) / 255 * cam(top)[:, :, None])
"""
RIGHT["layer_getter_class_names"] = [IMPORTS, GETTER_NET, GETTER_PREP, GETTER_CAM]
