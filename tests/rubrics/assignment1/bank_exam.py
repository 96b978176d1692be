"""The graded exam that must be reproduced, in several codes: 1c 1.5, 1d 3, 1e 4.5 points."""

from __future__ import annotations

from tests.rubrics.assignment1.bank_faults import Case, lost
from tests.rubrics.assignment1.bank_right import IMPORTS

LOST = lost("1c.feature-map", "1e.gradient", "1e.upsample", "1e.original")
EXAM: dict[str, Case] = {}

PREP = """
image = Image.open('image.jpg').convert('RGB')
transform = transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor(),
    transforms.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])])
x = transform(image).unsqueeze(0)
model.eval()
with torch.no_grad():
    logits = model(x)
"""

# The feature map stays within forward; the function that needs it is defined, but cannot be called.
EXAM["local_in_forward_never_called"] = Case(
    [
        IMPORTS,
        """
class MyResNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = models.resnet18(weights='DEFAULT')
    def forward(self, x):
        net = self.net
        x = net.maxpool(net.relu(net.bn1(net.conv1(x))))
        feature_map = net.layer4(net.layer3(net.layer2(net.layer1(x))))
        return net.fc(net.avgpool(feature_map).flatten(1))
model = MyResNet()
""",
        PREP,
        """
def grad_cam(A, z, o):
    w = z[0, o]
    cam = torch.sum(w * A, dim=1)
    cam = F.relu(cam)
    cam = cam / cam.max()
    return cam
""",
    ],
    LOST,
)

# The hook has no `global`: the map stays None, the gradient is that of all logits, and the product is never made.
EXAM["hook_without_global_crash"] = Case(
    [
        IMPORTS,
        """
model = models.resnet18(pretrained=True)
features = None
def hook(module, input, output):
    features = output
model.layer4.register_forward_hook(hook)
""",
        PREP,
        """
def cam_for_class(o):
    score = logits[0, o]
    weights = torch.softmax(logits, dim=1)[0, o] * torch.ones(512)
    cam = torch.zeros(7, 7)
    for q in range(512):
        cam += weights[q] * features[0, q]
    cam = torch.clamp(cam, min=0)
    cam = cam / torch.max(cam)
    return cam * x
plt.imshow(cam_for_class(281)[0].permute(1, 2, 0))
""",
    ],
    LOST,
)

# The logits are taken for the map.
EXAM["logits_as_map"] = Case(
    [
        IMPORTS,
        """
resnet = models.resnet18(weights=models.ResNet18_Weights.IMAGENET1K_V1)
model = resnet
""",
        PREP,
        """
def gradcam(o):
    A = logits.view(1, 1000, 1, 1)
    alpha = A.mean(dim=(2, 3), keepdim=True) * o
    heat = (alpha * A).sum(dim=1)
    heat = torch.relu(heat)
    heat = heat / heat.max()
    return heat

heat = gradcam(281)
plt.imshow((heat * x[0]).permute(1, 2, 0))
""",
    ],
    LOST,
)

# Only the logits are returned; a tuple is expected of the network, so the visualization fails.
EXAM["unpacks_missing_map"] = Case(
    [
        IMPORTS,
        """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        r = models.resnet18(weights='IMAGENET1K_V1')
        self.features = nn.Sequential(*list(r.children())[:-2])
        self.pool = r.avgpool
        self.fc = r.fc
    def forward(self, x):
        a = self.features(x)
        return self.fc(self.pool(a).flatten(1))
model = Net()
""",
        PREP,
        """
def visualize(o):
    z, A = model(x)
    z.sum().backward()
    alpha = A.grad.mean(dim=(2, 3))
    cam = torch.einsum('bq,bqkm->bkm', alpha, A)
    cam = np.maximum(cam.detach().numpy(), 0)
    cam = cam / np.max(cam)
    plt.imshow(cam[0])
visualize(logits.argmax().item())
""",
    ],
    LOST,
)

# The first convolution's maps with their own means as weights, shown without the picture.
EXAM["first_convolution"] = Case(
    [
        IMPORTS,
        """
model = models.resnet18(pretrained=True)
""",
        PREP,
        """
A = model.conv1(x).detach()
def show_map(A, o):
    w = A.mean(dim=(2, 3))[0]
    cam = torch.zeros(A.shape[2:])
    for q in range(A.shape[1]):
        cam = cam + w[q] * A[0, q] * logits[0, o]
    cam = torch.relu(cam)
    cam = cam / cam.max()
    plt.imshow(cam)
    return cam
show_map(A, logits.argmax().item())
""",
    ],
    LOST,
)
