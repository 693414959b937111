"""Models that cannot be wrong, whatever is done to them: what is refused, is refused in our words."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Any, NoReturn, Self, dataclass_transform, get_args, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo

from sotcheck.errors import SystemFileError, did_you_mean

if TYPE_CHECKING:
    # pydantic does not export it.
    from pydantic._internal._model_construction import ModelMetaclass
else:
    ModelMetaclass = type(BaseModel)

CONFIG = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False, validate_default=True)


class RefusedError(SystemFileError):
    """Values that make no model: a line for each attribute, '' standing for the whole."""

    def __init__(self, lines: Mapping[str, str]) -> None:
        super().__init__("\n".join(lines.values()))
        self.lines = dict(lines)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.lines,)


@dataclass_transform(kw_only_default=True, field_specifiers=(Field,))
class _Ours(ModelMetaclass):
    """Of classes whose calls refuse in our words; models within models are not made by calls."""

    if not TYPE_CHECKING:

        def __call__(cls, *args: Any, **values: Any) -> Any:  # noqa: N805 (a class is its instance)
            if args:
                accepted = ", ".join(cls.model_fields)
                raise SystemFileError(f"{cls.__name__}: values go by name; accepted: {accepted}")
            return cls.checked(values)

        def __dir__(cls) -> list[str]:  # noqa: N805
            """Return what is ours, for `help` and completion: nobody needs pydantic's."""
            return [name for name in super().__dir__() if name not in _NOT_OURS and "pydantic" not in name]


#: What any model of pydantic has beyond any object.
_NOT_OURS = {*dir(BaseModel), "__class_vars__", "__private_attributes__", "__signature__"} - {
    *dir(object),
    "model_copy",
}


class Validated(BaseModel, metaclass=_Ours):
    """An immutable model, every instance of which has been validated, copies with changes as well."""

    model_config = CONFIG

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """Give `help` names, types and defaults, without how they are validated."""
        fields = cls.model_fields
        # That of a class is without what `Annotated` adds, however deep.
        given = {name: field.annotation for name, field in fields.items()}
        types = get_type_hints(type("", (), {"__annotations__": given}))
        cls.__signature__ = Signature(
            [
                Parameter(
                    name,
                    Parameter.KEYWORD_ONLY,
                    default=Parameter.empty if field.is_required() else field.default,
                    annotation=types[name],
                )
                for name, field in fields.items()
            ]
        )

    def __dir__(self) -> list[str]:
        return [*dir(type(self)), *type(self).model_fields]

    @classmethod
    def checked(
        cls, values: Mapping[str, Any], where: str = "", written: Mapping[str, str] | None = None
    ) -> Self:
        """Return the model of some values, or raise a RefusedError.

        `where` and `written` are what it names: a file, say, and each attribute as it stands there.
        """
        try:
            found: Self = cls.__pydantic_validator__.validate_python(dict(values))
        except ValidationError as error:
            name = where or str(values.get("name") or cls.__name__)
            raise RefusedError(refused(error, name, _repr_of(values) | dict(written or {}), cls)) from None
        return found

    @property
    def values(self) -> dict[str, Any]:
        """What it has been made of, by attribute."""
        return {name: getattr(self, name) for name in type(self).model_fields}

    def __repr_args__(self) -> Iterator[tuple[str, Any]]:
        fields = type(self).model_fields
        return ((name, value) for name, value in self.values.items() if value != fields[name].default)

    if not TYPE_CHECKING:

        @classmethod
        def model_validate(cls, obj: Any, **_: Any) -> Self:
            """Return the model of some values, or what is one already."""
            return obj if isinstance(obj, cls) else cls.checked(obj)

        @classmethod
        def model_validate_json(cls, json_data: str | bytes, **_: Any) -> Self:
            """Return the model of values in JSON, whose lists are tuples here."""
            return cls.checked(json.loads(json_data))

        @classmethod
        def model_construct(cls, _fields_set: Any = None, **values: Any) -> Self:
            """Return the model of some values: no other is made without looking."""
            return cls.checked(values)

        def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
            """Return a copy, with changes that are validated."""
            return self.checked({**self.values, **(update or {})})

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        self._frozen(name)

    def __delattr__(self, name: str) -> NoReturn:
        self._frozen(name)

    def _frozen(self, name: str) -> NoReturn:
        raise SystemFileError(
            f"{getattr(self, 'name', '') or type(self).__name__}: {name} is frozen, as everything here; copy "
            f"it with changes: with_({name}=...) of a system, model_copy(update={{{name!r}: ...}}) of a layer"
        )


def _repr_of(values: Mapping[str, Any]) -> dict[str, str]:
    return {name: f"{name} = {value!r}" for name, value in values.items()}


def refused(
    error: ValidationError, where: str, written: Mapping[str, str], model: type[BaseModel]
) -> dict[str, str]:
    """Return a line for each attribute refused, as it was written; '' stands for the system as a whole."""
    found = {}
    for problem in error.errors():
        path = problem["loc"]
        kind = problem["type"]
        if kind == "missing" and isinstance(path[-1], int):
            # Too few numbers: the fault is that of what has them.
            path, kind = path[:-1], "too_short"
        name = ".".join(str(part) for part in path if not isinstance(part, int))
        if not path:
            line = problem["msg"].removeprefix("Value error, ")
        elif kind == "missing":
            line = f"{_in_words(path)} is missing; expected {_expected(model, path)}"
        elif kind == "extra_forbidden":
            fields = _fields(model, path[:-1])
            near = did_you_mean(str(path[-1]), fields)
            line = f"unknown key {_in_words(path)!r}{near}; accepted: {', '.join(fields)}"
        else:
            whole = all(isinstance(part, int) for part in path[1:])
            given = written[str(path[0])] if whole else f"{_in_words(path)} = {shown(problem['input'])}"
            line = f"{given} is not accepted; expected {_expected(model, path)}"
        found[name] = f"{where}: {line}"
    return found


def _fields(model: type[BaseModel], path: Sequence[int | str]) -> dict[str, FieldInfo]:
    """Return the fields of the model that lies at a path of attributes and numbers."""
    for name in path:
        if isinstance(name, str) and name in model.model_fields:
            within: list[Any] = [model.model_fields[name].annotation]
            while within and not (isinstance(within[0], type) and issubclass(within[0], BaseModel)):
                within = [*get_args(within[0]), *within[1:]]
            if not within:
                break
            model = within[0]
    return model.model_fields


def _expected(model: type[BaseModel], path: Sequence[int | str]) -> str:
    """Return what the attribute at a path accepts: the description nearest to its end."""
    words = ""
    for n, name in enumerate(path):
        field = _fields(model, path[:n]).get(str(name))
        words = (field.description if field is not None else None) or words
    return words or "a table of keys"


def _in_words(path: Sequence[int | str]) -> str:
    """Return a path as a reader of the file counts: layers from 1 on."""
    words = ""
    for name in path:
        if isinstance(name, int):
            words += f"[{name + 1}]"
        else:
            words += f".{name}" if words else "layer" if name == "layers" else name
    return words


def shown(value: Any) -> str:
    """Return a value about as a system file has it, in one line of at most 60 characters."""
    if isinstance(value, list | tuple):
        text = f"[{', '.join(map(shown, value))}]"
    else:
        # JSON spells nan and inf in its own way.
        text = repr(value) if isinstance(value, float) else json.dumps(value, default=str)
    return text if len(text) <= 60 else f"{text[:60]}..."
