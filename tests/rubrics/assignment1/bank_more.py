"""Further right solutions of assignment 1, less usual ones."""

from __future__ import annotations

from tests.rubrics.assignment1.bank_right import HOOK_NET, HOOK_PREP, IMPORTS, WRAPPER_NET, WRAPPER_PREP

MORE: dict[str, list[str]] = {}

MORE["lambda_map"] = [
    IMPORTS,
    WRAPPER_NET,
    WRAPPER_PREP,
    """
normalise = lambda m: m / m.max()
cam = lambda o: normalise(np.maximum((W[o].numpy()[:, None, None] * A[0].numpy()).sum(0), 0))
up = lambda m: np.kron(m, np.ones((32, 32)))
best = int(z.argmax())
plt.imshow(rgb * up(cam(best))[:, :, None])
""",
]

MORE["method_of_network"] = [
    IMPORTS,
    """
class ResNetCAM(nn.Module):
    def __init__(self):
        super(ResNetCAM, self).__init__()
        self.resnet = models.resnet18(weights='IMAGENET1K_V1')
        self.gradient = None
        self.feature_layers = nn.Sequential(*list(self.resnet.children())[:8])
    def activations_hook(self, grad):
        self.gradient = grad
    def forward(self, x):
        x = self.feature_layers(x)
        self.activations = x
        if x.requires_grad:
            x.register_hook(self.activations_hook)
        x = self.resnet.avgpool(x)
        x = x.view((x.size(0), -1))
        return self.resnet.fc(x)
    def get_cam(self, image, class_idx):
        out = self.forward(image)
        self.zero_grad()
        out[:, class_idx].backward()
        pooled = torch.mean(self.gradient, dim=[0, 2, 3])
        act = self.activations.detach().clone()
        for i in range(512):
            act[:, i, :, :] *= pooled[i]
        heatmap = torch.mean(act, dim=1).squeeze()
        heatmap = np.maximum(heatmap, 0)
        heatmap /= torch.max(heatmap)
        return heatmap
net = ResNetCAM()
_ = net.eval()
""",
    """
import torchvision.transforms as T
pil = Image.open("elephant.jpg").convert('RGB')
x = T.Compose([T.Resize((224, 224)), T.ToTensor(), T.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])])(pil).unsqueeze(dim=0)
pred = net(x)
fm = net.activations
""",
    """
import cv2
heat = net.get_cam(x, pred.argmax(dim=1))
img = cv2.imread('elephant.jpg')
img = cv2.cvtColor(img, cv2.COLOR_BGR2RGB)
heat = cv2.resize(heat.numpy(), (img.shape[1], img.shape[0]))
superimposed = img * heat[..., None] / 255
plt.imshow(superimposed)
""",
]

MORE["second_resnet_by_copy"] = [
    IMPORTS,
    """
import copy
model = models.resnet18(pretrained=True)
backbone = copy.deepcopy(model)
backbone.avgpool = nn.Identity()
backbone.fc = nn.Identity()
model.eval(); backbone.eval();
""",
    """
pic = np.array(Image.open('image.jpg').convert('RGB').resize((224, 224), Image.BILINEAR))
t = torch.tensor(pic).permute(2, 0, 1).div(255.)
t = (t - torch.tensor([0.485, 0.456, 0.406]).reshape(3, 1, 1)) / torch.tensor([0.229, 0.224, 0.225]).reshape(3, 1, 1)
t = t[np.newaxis]
with torch.no_grad():
    scores = model(t)
    A = backbone(t).reshape(512, 7, 7)
""",
    """
def saliency_map(klass=0):
    weights = list(model.fc.parameters())[0][klass]
    out = torch.mm(weights.unsqueeze(0), A.reshape(512, 49)).reshape(7, 7)
    out = out.clip(0)
    out = out / out.max().item()
    return out.detach()

for klass in scores[0].argsort(descending=True)[:2]:
    m = transforms.Resize((224, 224))(saliency_map(klass).unsqueeze(0))[0]
    fig = plt.figure()
    plt.imshow((pic * m.numpy()[:, :, None]).astype('uint8'))
""",
]

MORE["batched_function"] = [
    IMPORTS,
    HOOK_NET,
    HOOK_PREP,
    """
def explain(net, inputs, class_index, image):
    scores = net(inputs)
    fmaps = activations['layer4']
    fmaps.retain_grad()
    net.zero_grad()
    scores[:, class_index].sum().backward()
    importance = fmaps.grad.mean(dim=(2, 3))
    cam = torch.einsum('bc,bchw->bhw', importance, fmaps)
    cam = nn.functional.relu(cam)
    cam = cam / cam.amax(dim=(1, 2), keepdim=True)
    cam = nn.functional.interpolate(cam.unsqueeze(1), size=image.shape[-2:], mode='bilinear', align_corners=False)
    return (image * cam.squeeze(1)).detach()

picture = (x * torch.tensor([0.229, 0.224, 0.225])[None, :, None, None] + torch.tensor([0.485, 0.456, 0.406])[None, :, None, None])
plt.imshow(explain(model, x, 100, picture)[0].permute(1, 2, 0).clip(0, 1))
""",
]

MORE["dataclass_and_loader"] = [
    IMPORTS,
    """
from dataclasses import dataclass
@dataclass
class Elements:
    z: torch.Tensor = None
    A: torch.Tensor = None
elements = Elements()
model = models.resnet18(weights='DEFAULT')
model.layer4[1].register_forward_hook(lambda m, i, o: setattr(elements, 'A', o.detach()))
model.eval()
""",
    """
from torch.utils.data import Dataset, DataLoader
class OneImage(Dataset):
    def __init__(self, path):
        self.image = Image.open(path).convert('RGB')
        self.t = transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor()])
        self.n = transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    def __len__(self): return 1
    def __getitem__(self, i): return self.n(self.t(self.image)), self.t(self.image)
for batch, plain in DataLoader(OneImage('image.jpg'), batch_size=1):
    elements.z = model(batch)
""",
    """
def cam(o, A=None, W=None):
    A = elements.A if A is None else A
    W = model.fc.weight.data if W is None else W
    M = sum(W[o, q] * A[0, q] for q in range(A.shape[1]))
    M = M * (M > 0).float()
    return M / M.max()

def overlay(o):
    M = cam(o)
    M = nn.UpsamplingBilinear2d(size=plain.shape[-2:])(M[None, None])[0]
    return torch.mul(plain[0], M)

plt.imshow(overlay(elements.z.argmax()).permute(1, 2, 0))
""",
]

MORE["one_function_for_all"] = [
    IMPORTS,
    """
def load_model():
    m = models.resnet18(pretrained=True)
    m.eval()
    return m
class Store: pass
model = load_model()
Store.maps = None
def grab(m, i, o): Store.maps = o
model.layer4.register_forward_hook(grad_hook) if False else model.layer4.register_forward_hook(grab)
""",
    """
def preprocess(path):
    im = Image.open(path).convert('RGB')
    im = transforms.functional.resize(im, 256)
    im = transforms.functional.center_crop(im, 224)
    t = transforms.functional.to_tensor(im)
    return im, transforms.functional.normalize(t, [0.485, 0.456, 0.406], [0.229, 0.224, 0.225])[None]
im, x = preprocess('image.jpg')
logits = model(x)
""",
    """
def grad_cam_overlay(path, o):
    im, x = preprocess(path)
    logits = model(x)
    maps = Store.maps
    g = torch.autograd.grad(outputs=logits[0][o], inputs=maps)[0]
    a = g.view(512, -1).mean(1)
    cam = torch.zeros(7, 7)
    for alpha, m in zip(a, maps[0]): cam += alpha * m.detach()
    cam = F.relu(cam).numpy()
    cam = (cam - np.min(cam)) / np.ptp(cam)
    cam = np.uint8(cam * 255)
    cam = np.array(Image.fromarray(cam).resize(im.size, Image.ANTIALIAS if hasattr(Image, 'ANTIALIAS') else Image.LANCZOS)) / 255.0
    return np.array(im) / 255.0 * np.expand_dims(cam, -1)

fig, axs = plt.subplots(1, 3)
for ax, o in zip(axs, [281, 285, 100]):
    ax.imshow(grad_cam_overlay('image.jpg', o)); ax.axis('off')
""",
]

MORE["state_dict_from_hub"] = [
    IMPORTS,
    """
from torchvision.models import resnet18
net = resnet18()
net.load_state_dict(torch.hub.load_state_dict_from_url('https://download.pytorch.org/models/resnet18-f37072fd.pth'))
net.eval()
outputs = []
def hook_fn(m, i, o):
    outputs.append(o)
hook = net.layer4.register_forward_hook(hook_fn)
""",
    """
img = Image.open('image.jpg').convert('RGB').resize((224, 224))
arr = np.float32(img) / 255
inp = torch.from_numpy(((arr - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]).transpose(2, 0, 1)).float().unsqueeze(0)
pred = net(inp)
hook.remove()
fmap = outputs[0]
""",
    """
def cam_of(o, fmap=fmap):
    params = dict(net.named_parameters())
    w = params['fc.weight'][o]
    c = (fmap[0].permute(1, 2, 0) @ w).detach().numpy()
    c[c < 0] = 0.
    c = c / c.max()
    return c
c = cam_of(np.argmax(pred.detach().numpy()))
import cv2
c_big = cv2.resize(c, dsize=(224, 224), interpolation=cv2.INTER_CUBIC)
result = cv2.multiply(arr, np.repeat(c_big[:, :, None], 3, axis=2).astype(np.float32))
plt.imshow(np.clip(result, 0, 1))
""",
]

MORE["class_method_returns_all"] = [
    IMPORTS,
    """
class Extractor(nn.Module):
    def __init__(self, backbone):
        super().__init__()
        self.backbone = backbone
        self.out = {}
        for name in ['layer4']:
            getattr(backbone, name).register_forward_hook(self.make_hook(name))
    def make_hook(self, name):
        def fn(_, __, output):
            self.out[name] = output
        return fn
    def forward(self, x):
        logits = self.backbone(x)
        return {'logits': logits, **self.out}
ext = Extractor(models.resnet18(weights=models.ResNet18_Weights.DEFAULT)).eval()
""",
    """
tf = models.ResNet18_Weights.DEFAULT.transforms(antialias=True)
raw = Image.open('image.jpg').convert('RGB')
res = ext(torch.unsqueeze(tf(raw), dim=0))
""",
    """
def heatmap(class_no):
    \"\"\"alpha = w / (K M)\"\"\"
    K, M = res['layer4'].shape[2:]
    alpha = ext.backbone.fc.weight[class_no] / (K * M)
    L = torch.zeros((K, M))
    for k in range(K):
        for m in range(M):
            L[k, m] = torch.dot(alpha, res['layer4'][0, :, k, m])
    L = L.detach().relu_()
    L.div_(L.max())
    return L
square = raw.resize((256, 256)) if False else transforms.CenterCrop(224)(transforms.Resize(256)(raw))
hm = Image.fromarray((heatmap(17) * 255).byte().numpy()).resize(square.size)
black = Image.new('RGB', square.size)
final = Image.composite(square, black, hm)
plt.imshow(final)
""",
]

MORE["global_class_variable_and_function"] = [
    IMPORTS,
    WRAPPER_NET,
    WRAPPER_PREP,
    """
def weights_for(o):
    return W[o] / (A.shape[2] * A.shape[3])

def raw_map(o):
    return torch.tensordot(weights_for(o), A[0], dims=([0], [0]))

def final_map(o):
    m = torch.nn.functional.relu(raw_map(o))
    return torch.div(m, m.max())

chosen = 285
m = final_map(chosen)
m = m.repeat_interleave(32, dim=0).repeat_interleave(32, dim=1)
shown = np.einsum('hwc,hw->hwc', rgb, m.numpy())
plt.imshow(shown)
""",
]
