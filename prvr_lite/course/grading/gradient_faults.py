"""Whether the gradients of an answer's inputs are the reference's, and what is wrong if not."""

from __future__ import annotations

from torch import Tensor

from prvr_lite.course.grading.case import Case, Fault
from prvr_lite.course.grading.exercise import Function
from prvr_lite.course.grading.trying import gradients, in_short, line_of


def gradients_of(function: Function, case: Case) -> dict[str, Tensor | None] | BaseException:
    """Returns the gradient of each input that the exercise names, or the error that stopped it."""
    return gradients(function, case.inputs, tuple(case.exercise.gradient))


def gradient_fault(answer: Function, case: Case) -> Fault | None:
    """Returns a fault if an input's gradient differs from the reference's; else None."""
    if not case.exercise.gradient or case.planted:
        return None
    found = gradients_of(answer, case)
    if isinstance(found, BaseException):
        at = line_of(found, answer)
        text = (
            "the numbers are right, but not where gradients are wanted: it stopped with "
            f"{in_short(found)}{f', in the line: {at}' if at else ''}."
        )
        return Fault("gradient", text, case)
    for name, right in case.gradients.items():
        if wrong := _wrong_gradient(name, found[name], right):
            return Fault("gradient", wrong, case)
    return None


def _wrong_gradient(name: str, got: Tensor | None, right: Tensor | None) -> str | None:
    if right is None or gradients_alike({name: got}, {name: right}):
        return None
    if got is None:
        return (
            f"the numbers are right, but no gradient reaches {name}: is something detached, put "
            "through .item() or numpy, or replaced by indices?"
        )
    if not bool(got.isfinite().all()):
        return (
            f"the numbers are right, but the gradient of {name} is NaN or infinite: is there the "
            "root of 0, or a division by 0, even one that is masked afterwards?"
        )
    return (
        f"the numbers are right, but not the gradient of {name}: is a part of the way detached, "
        "or put through .data, .item() or numpy?"
    )


def gradients_alike(
    one: dict[str, Tensor | None] | BaseException, another: dict[str, Tensor | None] | BaseException
) -> bool:
    if isinstance(one, BaseException) or isinstance(another, BaseException):
        return str(one) == str(another)
    for a, b in zip(one.values(), another.values(), strict=True):
        if a is None or b is None:
            if a is not b:
                return False
            continue
        size = b.abs().amax(-1, keepdim=True) if b.numel() else b
        if not bool(((a - b).abs() <= 1e-3 * size.clamp(min=0.1)).all()):
            return False
    return True
