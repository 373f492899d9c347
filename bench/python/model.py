"""Teacher, one-class bottleneck embedding and student decoder of Deng & Li 2022 ("Anomaly Detection via
Reverse Distillation from One-Class Embedding", CVPR), in both layouts, in plain PyTorch."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

PLANES = (64, 128, 256, 512)


@dataclass(frozen=True)
class Backbone:
    """The differences between the ResNets."""

    blocks: tuple[int, int, int, int]
    expansion: int  # output channels of a stage divided by its planes: 4 for bottleneck blocks (1x1, 3x3, 1x1)
    width_factor: int = 1  # factor of the inner channels of bottleneck blocks


BACKBONES = {
    "resnet18": Backbone((2, 2, 2, 2), 1),
    "resnet34": Backbone((3, 4, 6, 3), 1),
    "resnet50": Backbone((3, 4, 6, 3), 4),
    "wide_resnet50_2": Backbone((3, 4, 6, 3), 4, width_factor=2),
}
LAYOUTS = ("paper", "official")


def conv3x3(channels_in: int, channels_out: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(channels_in, channels_out, 3, stride=stride, padding=1, bias=False)


def conv1x1(channels_in: int, channels_out: int, stride: int = 1) -> nn.Conv2d:
    return nn.Conv2d(channels_in, channels_out, 1, stride=stride, bias=False)


def deconv2x2(channels_in: int, channels_out: int) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(channels_in, channels_out, 2, stride=2, bias=False)


class Block(nn.Module):
    """A residual block that halves, keeps or doubles height and width: `scale` is 0.5, 1 or 2."""

    def __init__(self, backbone: Backbone, channels_in: int, planes: int, scale: float) -> None:
        super().__init__()
        channels_out = planes * backbone.expansion

        def spatial(a: int, b: int) -> nn.Module:
            if scale == 2:
                return deconv2x2(a, b)
            return conv3x3(a, b, stride=2 if scale == 0.5 else 1)

        if backbone.expansion == 1:
            self.conv1, self.bn1 = spatial(channels_in, planes), nn.BatchNorm2d(planes)
            self.conv2, self.bn2 = conv3x3(planes, planes), nn.BatchNorm2d(planes)
            self.conv3, self.bn3 = None, None
        else:
            width = planes * backbone.width_factor
            self.conv1, self.bn1 = conv1x1(channels_in, width), nn.BatchNorm2d(width)
            self.conv2, self.bn2 = spatial(width, width), nn.BatchNorm2d(width)
            self.conv3, self.bn3 = conv1x1(width, channels_out), nn.BatchNorm2d(channels_out)

        self.downsample, self.upsample = None, None
        if scale == 2:
            self.upsample = nn.Sequential(deconv2x2(channels_in, channels_out), nn.BatchNorm2d(channels_out))
        elif scale == 0.5 or channels_in != channels_out:
            stride = 2 if scale == 0.5 else 1
            self.downsample = nn.Sequential(
                conv1x1(channels_in, channels_out, stride), nn.BatchNorm2d(channels_out)
            )

    def forward(self, x: Tensor) -> Tensor:
        out = torch.relu(self.bn1(self.conv1(x)))
        out = self.bn2(self.conv2(out))
        if self.conv3 is not None:
            out = self.bn3(self.conv3(torch.relu(out)))
        if self.downsample is not None:
            x = self.downsample(x)
        if self.upsample is not None:
            x = self.upsample(x)
        return torch.relu(out + x)


def stage(backbone: Backbone, channels_in: int, planes: int, blocks: int, scale: float) -> nn.Sequential:
    rest = [Block(backbone, planes * backbone.expansion, planes, 1) for _ in range(blocks - 1)]
    return nn.Sequential(Block(backbone, channels_in, planes, scale), *rest)


class Teacher(nn.Module):
    """A ResNet from the stem to layer3, with torchvision's names: frozen, and always in eval mode."""

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        e = backbone.expansion
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.layer1 = stage(backbone, 64, 64, backbone.blocks[0], 1)
        self.layer2 = stage(backbone, 64 * e, 128, backbone.blocks[1], 0.5)
        self.layer3 = stage(backbone, 128 * e, 256, backbone.blocks[2], 0.5)
        self.requires_grad_(False)
        self.eval()

    def train(self, mode: bool = True) -> "Teacher":
        return super().train(False)

    @torch.no_grad()
    def forward(self, images: Tensor) -> list[Tensor]:
        """images [N, 3, H, W] -> outputs of layer1 to layer3, at 1/4, 1/8 and 1/16 of the size."""
        x = torch.relu(self.bn1(self.conv1(images)))
        x = nn.functional.max_pool2d(x, 3, stride=2, padding=1)
        first = self.layer1(x)
        second = self.layer2(first)
        return [first, second, self.layer3(second)]


class Bottleneck(nn.Module):
    """The OCBE: the MFF brings the features to the size of layer3, and the OCE (`bn_layer`) computes the code, at 1/32
    of the size.

    In the layout "official", the 1x1 convolution conv4 exists but never runs.
    """

    def __init__(self, backbone: Backbone, layout: str) -> None:
        super().__init__()
        e = backbone.expansion
        self.layout = layout
        self.conv1, self.bn1 = conv3x3(64 * e, 128 * e, 2), nn.BatchNorm2d(128 * e)
        self.conv2, self.bn2 = conv3x3(128 * e, 256 * e, 2), nn.BatchNorm2d(256 * e)
        self.conv3, self.bn3 = conv3x3(128 * e, 256 * e, 2), nn.BatchNorm2d(256 * e)
        if layout == "paper":
            self.conv4, self.bn4 = conv1x1(768 * e, 256 * e), nn.BatchNorm2d(256 * e)
            embedded = 256 * e
        else:
            self.conv4, self.bn4 = conv1x1(1024 * e, 512 * e), nn.BatchNorm2d(512 * e)
            embedded = 768 * e
        self.bn_layer = stage(backbone, embedded, 512, backbone.blocks[3], 0.5)

    def forward(self, features: list[Tensor]) -> Tensor:
        first = torch.relu(self.bn1(self.conv1(features[0])))
        first = torch.relu(self.bn2(self.conv2(first)))
        second = torch.relu(self.bn3(self.conv3(features[1])))
        fused = torch.cat([first, second, features[2]], dim=1)
        if self.layout == "paper":
            fused = torch.relu(self.bn4(self.conv4(fused)))
        return self.bn_layer(fused)


class Decoder(nn.Module):
    """The student: `layer1` reconstructs the teacher's layer3, `layer2` its layer2, and `layer3` its layer1."""

    def __init__(self, backbone: Backbone, layout: str) -> None:
        super().__init__()
        e = backbone.expansion
        blocks = backbone.blocks[:3]
        if layout == "paper":
            blocks = blocks[::-1]
        self.layer1 = stage(backbone, 512 * e, 256, blocks[0], 2)
        self.layer2 = stage(backbone, 256 * e, 128, blocks[1], 2)
        self.layer3 = stage(backbone, 128 * e, 64, blocks[2], 2)

    def forward(self, code: Tensor) -> list[Tensor]:
        """Three features, in the order of the teacher's."""
        third = self.layer1(code)
        second = self.layer2(third)
        return [self.layer3(second), second, third]


class ReverseDistillation(nn.Module):
    """The three networks, with their names in model files: `teacher`, `bn`, `decoder`."""

    def __init__(self, name: str, layout: str) -> None:
        super().__init__()
        backbone = BACKBONES[name]
        self.teacher = Teacher(backbone)
        self.bn = Bottleneck(backbone, layout)
        self.decoder = Decoder(backbone, layout)
        for part in (self.bn, self.decoder):
            for module in part.modules():
                if isinstance(module, nn.Conv2d):
                    nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def trained_parameters(self) -> list[nn.Parameter]:
        return [*self.bn.parameters(), *self.decoder.parameters()]

    def forward(self, images: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """Normalised images [N, 3, H, W] -> the teacher's and the student's three features."""
        teacher = self.teacher(images)
        return teacher, self.decoder(self.bn(teacher))
