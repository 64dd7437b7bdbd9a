//! Values between the two languages.

use std::time::Duration;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::inspect::PyStaticExpr;
use pyo3::prelude::*;
use pyo3::type_hint_identifier;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyList, PyMapping, PyString, PyTuple};
use rushlight::retrieval::Filter;
use serde_json::{Map, Number, Value, json};

use crate::error::invalid;

/// How deep a value from Python may be nested.
const MAX_DEPTH: usize = 128;

/// A JSON value as plain dicts, lists, strings, numbers, bools and None.
pub(crate) struct Json(pub(crate) Value);

impl<'py> IntoPyObject<'py> for Json {
    type Target = PyAny;
    type Output = Bound<'py, PyAny>;
    type Error = PyErr;
    const OUTPUT_TYPE: PyStaticExpr = type_hint_identifier!("typing", "Any");

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        to_python(py, &self.0)
    }
}

impl FromPyObject<'_, '_> for Json {
    type Error = PyErr;
    const INPUT_TYPE: PyStaticExpr = type_hint_identifier!("typing", "Any");

    fn extract(value: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        from_python(&value, 0).map(Self)
    }
}

/// The serde form of a value of the core.
pub(crate) fn json_of(value: &impl serde::Serialize) -> PyResult<Json> {
    serde_json::to_value(value).map(Json).map_err(|error| PyValueError::new_err(error.to_string()))
}

/// The name of a unit variant.
pub(crate) fn name_of(variant: &impl serde::Serialize) -> PyResult<String> {
    let Json(name) = json_of(variant)?;
    Ok(name.as_str().unwrap_or_default().to_owned())
}

fn to_python<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Null => py.None().into_bound(py),
        Value::Bool(value) => PyBool::new(py, *value).to_owned().into_any(),
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => number.into_pyobject(py)?.into_any(),
            (_, Some(number)) => number.into_pyobject(py)?.into_any(),
            _ => PyFloat::new(py, number.as_f64().unwrap_or(f64::NAN)).into_any(),
        },
        Value::String(text) => PyString::new(py, text).into_any(),
        Value::Array(items) => {
            let list = PyList::empty(py);
            for item in items {
                list.append(to_python(py, item)?)?;
            }
            list.into_any()
        }
        Value::Object(fields) => {
            let dict = PyDict::new(py);
            for (name, field) in fields {
                dict.set_item(name, to_python(py, field)?)?;
            }
            dict.into_any()
        }
    })
}

fn from_python(value: &Bound<'_, PyAny>, depth: usize) -> PyResult<Value> {
    if depth == MAX_DEPTH {
        return Err(PyValueError::new_err(format!(
            "expected a value nested at most {MAX_DEPTH} levels deep"
        )));
    }
    if value.is_none() {
        return Ok(Value::Null);
    }
    if value.is_instance_of::<PyBool>() {
        return Ok(Value::Bool(value.extract()?));
    }
    if value.is_instance_of::<PyInt>() {
        let number =
            value.extract::<i64>().map(Number::from).or_else(|_| value.extract::<u64>().map(Number::from));
        return Ok(Value::Number(number?));
    }
    if value.is_instance_of::<PyFloat>() {
        let number = Number::from_f64(value.extract()?);
        return number.map(Value::Number).ok_or_else(|| PyValueError::new_err("expected a finite number"));
    }
    if value.is_instance_of::<PyString>() {
        return Ok(Value::String(value.extract()?));
    }
    if value.is_instance_of::<PyList>() || value.is_instance_of::<PyTuple>() {
        return value.try_iter()?.map(|item| from_python(&item?, depth + 1)).collect();
    }
    if let Ok(mapping) = value.cast::<PyMapping>() {
        let mut fields = Map::new();
        for pair in mapping.items()? {
            let (name, field): (String, Bound<'_, PyAny>) = pair.extract()?;
            fields.insert(name, from_python(&field, depth + 1)?);
        }
        return Ok(Value::Object(fields));
    }
    Err(PyTypeError::new_err(format!(
        "expected a value that JSON can express, got `{}`",
        value.get_type().name()?
    )))
}

/// A unit variant by its name.
pub(crate) fn from_name<T: serde::de::DeserializeOwned>(what: &str, name: &str) -> PyResult<T> {
    from_value(what, Value::from(name))
}

/// A value of the core from its serde form; `what` names it.
pub(crate) fn from_value<T: serde::de::DeserializeOwned>(what: &str, value: Value) -> PyResult<T> {
    serde_json::from_value(value).map_err(|error| invalid(what, error.to_string()))
}

/// Options of the core from keyword arguments; None is as good as none. Python gives the core's fields `durations`
/// in seconds.
pub(crate) fn from_keywords<T: serde::de::DeserializeOwned>(
    keywords: Option<&Bound<'_, PyDict>>,
    durations: &[&str],
) -> PyResult<T> {
    let mut fields = Map::new();
    if let Some(Json(Value::Object(given))) = keywords.map(|given| given.extract::<Json>()).transpose()? {
        fields.extend(given.into_iter().filter(|(_, value)| !value.is_null()));
    }
    for name in durations {
        if let Some(value) = fields.get_mut(*name) {
            let seconds = value.as_f64();
            let seconds = seconds.ok_or_else(|| invalid(name, format!("expected seconds, got {value}")))?;
            let duration = duration(name, seconds)?;
            *value = json!({ "secs": duration.as_secs(), "nanos": duration.subsec_nanos() });
        }
    }
    serde_json::from_value(Value::Object(fields)).map_err(|error| invalid("option", error.to_string()))
}

/// A filter from dicts.
pub(crate) fn filter(given: Json) -> PyResult<Filter> {
    serde_json::from_value(given.0).map_err(|error| invalid("filter", error.to_string()))
}

/// A duration from seconds.
pub(crate) fn duration(what: &str, seconds: f64) -> PyResult<Duration> {
    Duration::try_from_secs_f64(seconds)
        .map_err(|_| invalid(what, format!("expected seconds, 0 or more, got {seconds}")))
}

/// `Name(field=…, …)` with the fields of the type's `__match_args__`.
pub(crate) fn repr(value: &Bound<'_, PyAny>) -> PyResult<String> {
    let kind = value.get_type();
    let mut fields = Vec::new();
    for name in kind.getattr("__match_args__")?.try_iter()? {
        let name: String = name?.extract()?;
        fields.push(format!("{name}={}", value.getattr(name.as_str())?.repr()?));
    }
    Ok(format!("{}({})", kind.name()?, fields.join(", ")))
}

/// Refuses to pickle or copy a handle.
pub(crate) fn not_picklable(value: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
    let name = value.get_type().name()?;
    Err(PyTypeError::new_err(format!(
        "cannot pickle or copy `rushlight.{name}`: it holds threads and memory of this process; make one in each process"
    )))
}
