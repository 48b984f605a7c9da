"""The networks of Menagerie."""
import torch
from torch import nn
from torch.nn import functional as F


class Residual(nn.Module):
    """Two 3x3 convolutions around a shortcut; the first may halve the picture."""

    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(outputs)
        self.shortcut = nn.Identity() if stride == 1 and inputs == outputs else nn.Sequential(
            nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x):
        y = F.relu(self.first_norm(self.first(x)))
        return F.relu(self.second_norm(self.second(y)) + self.shortcut(x))


def tower(widths):
    """A strided residual tower from pictures to a small map, and the width of that map."""
    stem, *rest = widths
    layers = [nn.Conv2d(3, stem, 5, 2, 2, bias=False), nn.BatchNorm2d(stem), nn.ReLU()]
    previous = stem
    for width in rest:
        layers.append(Residual(previous, width, 2))
        previous = width
    return nn.Sequential(*layers), previous


class Encoder(nn.Module):
    """The classifier's encoder: N x 3 x 64 x 64 -> N x d, the mean of the last stage over the picture."""

    def __init__(self, widths=(16, 32, 64, 128)):
        super().__init__()
        self.tower, self.d = tower(widths)

    def forward(self, image):
        return self.tower(image).mean((2, 3))


class ImageTower(nn.Module):
    """The VLM's image tower: N x 3 x 64 x 64 -> N x m, unit length."""

    def __init__(self, widths=(24, 48, 96, 160), m=128):
        super().__init__()
        self.tower, width = tower(widths)
        self.out = nn.Sequential(nn.Linear(width * 16, 256), nn.ReLU(), nn.Linear(256, m))

    def forward(self, image):
        x = F.adaptive_avg_pool2d(self.tower(image), 4).flatten(1)
        x = self.out(x)
        return x / x.norm(dim=1, keepdim=True).clamp_min(1e-6)


class TextTower(nn.Module):
    """The VLM's text tower: the mean of word vectors through a small perceptron."""

    def __init__(self, words, width=96, m=128):
        super().__init__()
        self.words = nn.Embedding(words, width)
        self.out = nn.Sequential(nn.Linear(width, 192), nn.ReLU(), nn.Linear(192, m))

    def forward(self, input_ids):
        mask = (input_ids > 0).float().unsqueeze(2)
        mean = (self.words(input_ids) * mask).sum(1) / mask.sum(1).clamp_min(1.0)
        return self.out(mean * 4.0)
