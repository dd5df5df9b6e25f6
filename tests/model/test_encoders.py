"""The encoders in training: the gradient of their wide inputs, and the memory that it takes."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from prvr_lite.model import encoders
from prvr_lite.model.encoders import SequenceEncoder

WIDE, HIDDEN = 400, 8


@pytest.fixture
def encoder() -> SequenceEncoder:
    torch.manual_seed(0)
    made = SequenceEncoder(
        input_dim=WIDE, hidden_dim=HIDDEN, max_length=9, num_heads=2, dropout=0.2, input_dropout=0.3
    )
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return made.train()


def trained(encoder: SequenceEncoder, features: Tensor) -> tuple[Tensor, list[Tensor], Tensor]:
    """Encodings, gradients of all weights, and the next random number."""
    encoder.zero_grad()
    torch.manual_seed(1)
    mask = torch.arange(9) < torch.tensor([[9], [4], [1], [9], [7]])  # [5, 9]
    encoded = encoder(features, mask)
    (encoded * torch.linspace(-1, 2, encoded.numel()).view_as(encoded)).sum().backward()
    grads = [p.grad.clone() for p in encoder.parameters() if p.grad is not None]
    return encoded.detach(), grads, torch.rand(3)


@pytest.mark.parametrize("rows", [1, 7, 45, 512])
def test_the_gradient_is_that_of_the_plain_operations(
    encoder: SequenceEncoder, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    """Inputs that need a gradient go through LayerNorm, dropout and Linear one after the other."""
    features = torch.randn(5, 9, WIDE)
    plain = trained(encoder, features.clone().requires_grad_())
    monkeypatch.setattr(encoders, "BLOCK_BYTES", 4 * WIDE * rows)
    ours = trained(encoder, features)
    torch.testing.assert_close(ours[0], plain[0], rtol=0, atol=0 if rows >= 45 else 1e-6)
    assert len(ours[1]) == len(plain[1]) == len(list(encoder.parameters()))
    for a, b in zip(ours[1], plain[1], strict=True):
        if rows >= 45:  # one block: the sample's batches are, so its trainings give the same bits
            assert torch.equal(a, b)
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-5)
    assert torch.equal(ours[2], plain[2])


@pytest.mark.parametrize("p", [0.1, 0.3, 0.75])
def test_dropout_draws_what_torch_draws(p: float) -> None:
    x = torch.randn(50, 30)
    both = []
    for ours in (True, False):
        torch.manual_seed(2)
        leaf = x.clone().requires_grad_()
        kept = encoders._draw(leaf, p) if ours else None
        out = torch.dropout(leaf, p, True) if kept is None else encoders._drop(leaf, kept, p)
        out.square().sum().backward()
        both.append((out.detach(), leaf.grad, torch.rand(1)))
    assert all(map(torch.equal, *both))


def test_the_gradient_keeps_one_byte_per_input(
    encoder: SequenceEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside the inputs themselves, which the batch holds anyway: they are the widest tensors."""
    kept: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    features = torch.randn(40, 9, WIDE)
    monkeypatch.setattr(encoders, "BLOCK_BYTES", features.nbytes // 3)
    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        out = encoder(features)
    assert out.requires_grad
    of_inputs = [size for size in kept.values() if size >= features.numel()]
    assert sorted(of_inputs)[-2:] == [features.numel(), features.nbytes]
