"""Arithmetic on axes: `vocab+1`, `ceil(T/stride)`, `floor(S/(hop*sample_rate))+1`.

A term is parsed once into a small syntax tree and never evaluated as code.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

Number = int | Fraction


@dataclass(frozen=True, slots=True)
class Name:
    """An axis (UPPERCASE) or a constructor parameter (lowercase)."""

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Constant:
    """A number."""

    value: Fraction

    def __str__(self) -> str:
        return str(self.value)


@dataclass(frozen=True, slots=True)
class Operation:
    """`left symbol right`, with the symbol one of + - * /."""

    symbol: str
    left: Term
    right: Term

    def __str__(self) -> str:
        if self.symbol in "+-":
            return f"{self.left}{self.symbol}{_bracketed(self.right, '+-')}"
        right = _bracketed(self.right, "+-*/")
        return f"{_bracketed(self.left, '+-')}{self.symbol}{right}"


@dataclass(frozen=True, slots=True)
class Rounding:
    """`floor(inside)` or `ceil(inside)`."""

    way: str
    inside: Term

    def __str__(self) -> str:
        return f"{self.way}({self.inside})"


Term = Name | Constant | Operation | Rounding

_SYMBOLS: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}


@lru_cache(maxsize=4096)
def parse_term(text: str) -> Term:
    """Parse the text of one axis.

    Raises:
        ValueError: the text is not made of names, whole numbers, + - * /, floor and ceil.

    >>> str(parse_term("ceil((T+1)/stride)"))
    'ceil((T+1)/stride)'
    """
    try:
        return _from_syntax(ast.parse(text, mode="eval").body)
    except (SyntaxError, ValueError):
        message = (
            f"cannot read the axis `{text}`: use names, whole numbers, + - * /, floor(), ceil()"
        )
        raise ValueError(message) from None


def names_in(term: Term) -> frozenset[str]:
    """Return every name in a term."""
    match term:
        case Name(name):
            return frozenset({name})
        case Constant():
            return frozenset()
        case Operation(_, left, right):
            return names_in(left) | names_in(right)
        case Rounding(_, inside):
            return names_in(inside)


def axis_in(term: Term) -> str | None:
    """Return the UPPERCASE axis a term is about, if any."""
    return next((name for name in sorted(names_in(term)) if name[0].isupper()), None)


def substitute(term: Term, values: Mapping[str, Term]) -> Term:
    """Replace names by terms and fold constants.

    >>> str(substitute(parse_term("ceil(T/(2*k))"), {"k": Constant(Fraction(2))}))
    'ceil(T/4)'
    """
    match term:
        case Name(name):
            return values.get(name, term)
        case Constant():
            return term
        case Rounding(way, inside):
            return _rounded(way, substitute(inside, values))
        case Operation(symbol, left, right):
            return _combined(symbol, substitute(left, values), substitute(right, values))


def evaluate(term: Term, values: Mapping[str, Number]) -> Fraction:
    """Compute a term whose every name has a value.

    >>> evaluate(parse_term("floor(S/160)+1"), {"S": 16000})
    Fraction(101, 1)
    """
    constants: dict[str, Term] = {name: Constant(Fraction(v)) for name, v in values.items()}
    result = substitute(term, constants)
    if not isinstance(result, Constant):
        raise ValueError(f"no value for {', '.join(sorted(names_in(result)))} in `{term}`")
    return result.value


@dataclass(frozen=True, slots=True)
class Affine:
    """`scale * name + offset`; a plain number when `name` is None."""

    scale: Fraction
    name: str | None
    offset: Fraction


@dataclass(frozen=True, slots=True)
class Linear:
    """The sum of `scale * name` over all parts, none of which has scale 0, and of `offset`."""

    parts: tuple[tuple[str, Fraction], ...]
    offset: Fraction


def as_linear(term: Term) -> Linear | None:
    """Read a width term as a sum of scaled names and a number, or None when it is not one.

    >>> as_linear(parse_term("D_0+2*D_1+1")).parts
    (('D_0', Fraction(1, 1)), ('D_1', Fraction(2, 1)))
    """
    match term:
        case Name(name):
            return Linear(((name, Fraction(1)),), Fraction(0))
        case Constant(value):
            return Linear((), value)
        case Rounding():
            return None
        case Operation(symbol, left, right):
            first, second = as_linear(left), as_linear(right)
            if first is None or second is None:
                return None
            return _linear_of(symbol, first, second)


def as_affine(term: Term) -> Affine | None:
    """Read a width term as an affine form of at most one name, or None when it is not one.

    >>> as_affine(parse_term("vocab+1"))
    Affine(scale=Fraction(1, 1), name='vocab', offset=Fraction(1, 1))
    """
    linear = as_linear(term)
    if linear is None or len(linear.parts) > 1:
        return None
    name, scale = linear.parts[0] if linear.parts else (None, Fraction(0))
    return Affine(scale, name, linear.offset)


def _from_syntax(node: ast.expr) -> Term:
    match node:
        case ast.Name(id=name):
            return Name(name)
        case ast.Constant(value=int(value)) if not isinstance(value, bool):
            return Constant(Fraction(value))
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(value))):
            return Constant(Fraction(-value))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _SYMBOLS:
            return Operation(_SYMBOLS[type(op)], _from_syntax(left), _from_syntax(right))
        case ast.Call(func=ast.Name(id="floor" | "ceil" as way), args=[inside], keywords=[]):
            return Rounding(way, _from_syntax(inside))
        case ast.Call(func=ast.Name(id="sum"), args=[ast.Name() as item], keywords=[]):
            return _from_syntax(
                item
            )  # of a list port that is not unrolled: one item stands for all
    raise ValueError(ast.dump(node))


def _bracketed(term: Term, symbols: str) -> str:
    match term:
        case Operation(symbol):
            needs = symbol in symbols
        case Constant(value):
            needs = value < 0 or value.denominator != 1
        case _:
            needs = False
    return f"({term})" if needs else str(term)


def _rounded(way: str, inside: Term) -> Term:
    if isinstance(inside, Constant):
        value = math.floor(inside.value) if way == "floor" else math.ceil(inside.value)
        return Constant(Fraction(value))
    if _is_whole(inside):
        return inside
    match inside:  # two roundings of the same way are one: ceil(ceil(x/2)/2) = ceil(x/4)
        case Operation("/", Rounding(again, Operation("/", x, Constant(a))), Constant(b)):
            if again == way and a.denominator == b.denominator == 1 and min(a, b) > 0:
                return Rounding(way, Operation("/", x, Constant(a * b)))
    return _as_ceiling(inside) if way == "floor" else Rounding(way, inside)


def _as_ceiling(inside: Term) -> Term:
    """Write floor((x+n-1)/n) as ceil(x/n), where x counts something."""
    match inside:
        case Operation("/", Operation("+", x, Constant(added)), Constant(n)):
            left = added - (n - 1)
            if n.denominator == left.denominator == 1 and min(n - 2, left) >= 0 and _is_whole(x):
                return _rounded(
                    "ceil", _combined("/", _combined("+", x, Constant(left)), Constant(n))
                )
    return Rounding("floor", inside)


def _is_whole(term: Term) -> bool:
    """Whether a term is a whole number whenever its axis is."""
    match term:
        case Name(name):
            return name[0].isupper()
        case Rounding():
            return True
        case Constant(value):
            return value.denominator == 1
        case Operation("+" | "-" | "*", left, right):
            return _is_whole(left) and _is_whole(right)
    return False


def _combined(symbol: str, left: Term, right: Term) -> Term:
    if symbol == "/" and right == Constant(Fraction(0)):
        raise ZeroDivisionError(f"an axis divides {left} by zero")
    if symbol in "*/" and right == Constant(Fraction(1)):
        return left
    if symbol in "+-" and right == Constant(Fraction(0)):
        return left
    if isinstance(left, Constant) and isinstance(right, Constant):
        return Constant(_calculated(symbol, left.value, right.value))
    match symbol, left, right:
        case "+" | "-", Operation("+" | "-" as before, first, Constant(one)), Constant(two):
            total = (one if before == "+" else -one) + (two if symbol == "+" else -two)
            return _combined("+" if total >= 0 else "-", first, Constant(abs(total)))
        case "/", Operation("*", first, Constant(one)), Constant(two) if one > 0 < two:
            share = one / two  # 8000 of 16000 is one of two
            if share.numerator != one:
                times = _combined("*", first, Constant(Fraction(share.numerator)))
                return _combined("/", times, Constant(Fraction(share.denominator)))
    return Operation(symbol, left, right)


def _calculated(symbol: str, left: Fraction, right: Fraction) -> Fraction:
    match symbol:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
    return left / right


def _linear_of(symbol: str, first: Linear, second: Linear) -> Linear | None:
    if symbol in "+-":
        return _added(first, second, Fraction(1 if symbol == "+" else -1))
    if symbol == "*" and not first.parts:
        first, second = second, first
    if second.parts or (symbol == "/" and second.offset == 0):
        return None
    factor = second.offset if symbol == "*" else 1 / second.offset
    return _added(Linear((), Fraction(0)), first, factor)


def _added(first: Linear, second: Linear, factor: Fraction) -> Linear:
    scales = dict(first.parts)
    for name, scale in second.parts:
        scales[name] = scales.get(name, Fraction(0)) + factor * scale
    parts = tuple((name, scale) for name, scale in scales.items() if scale)
    return Linear(parts, first.offset + factor * second.offset)
