"""What llama.cpp holds calls of tools to, as its server does it for models that write calls as Hermes does.

Text is free until a call begins; from there on the grammar admits calls of the tools with arguments that fit their
schemas. The grammar is made from JSON Schema by llama-cpp-python's own translation.
"""

import ctypes
import json
import re

# Where a call begins; the group is what the grammar reads.
TRIGGERS = [r"[\s\S]*?(<tool_call>[\s\S]*)", r"^\s*((?:```(?:json)?\s*)?\{\s*\"name\"[\s\S]*)"]
# White space as llama.cpp's server has it: models write a line break after the tag.
SPACE = r'space ::= | " " | "\\n"{1,2} [ \\t]{0,20}'
# By one of these a schema says what a value is; one that has none admits any.
SHAPES = {"$ref", "oneOf", "anyOf", "allOf", "type", "const", "enum", "properties", "items", "prefixItems", "pattern", "format"}
ANY = ["object", "array", "string", "number", "boolean", "null"]
CALL = re.compile(r"<tool_call>\s*(\{.*?\})\s*(?:</tool_call>|$)", re.DOTALL)
BARE = re.compile(r"^\s*(?:```(?:json)?\s*)?(\{\s*\"name\".*?\})\s*(?:```)?\s*$", re.DOTALL)


def grammar(tools):
    """The grammar of one or more calls."""
    from llama_cpp.llama_grammar import json_schema_to_gbnf

    calls = [
        {
            "type": "object",
            "properties": {"name": {"const": tool["name"]}, "arguments": typed(tool["parameters"])},
            "required": ["name", "arguments"],
        }
        for tool in tools
    ]
    rules = json_schema_to_gbnf(json.dumps({"oneOf": calls}), prop_order=["name", "arguments"])
    rules = re.sub(r"^root ::=", "call ::=", rules, flags=re.MULTILINE)
    rules = re.sub(r"^space ::=.*$", SPACE, rules, flags=re.MULTILINE)
    tagged = '"<tool_call>" space call space "</tool_call>" space'
    fenced = '("```" "json"? space)? call space ("```" space)?'
    return f"{rules}\nroot ::= ({tagged})+ | {fenced}\n"


def typed(schema):
    """The schema with types where any value is right: the translation refuses one that only has a description."""
    if not isinstance(schema, dict):
        return schema
    typed_schema = dict(schema)
    for key in ("properties", "$defs", "definitions"):
        if key in schema:
            typed_schema[key] = {name: typed(value) for name, value in schema[key].items()}
    if "items" in schema:
        typed_schema["items"] = typed(schema["items"])
    for key in ("oneOf", "anyOf", "allOf"):
        if key in schema:
            typed_schema[key] = [typed(value) for value in schema[key]]
    return typed_schema if SHAPES & schema.keys() else {**typed_schema, "type": ANY}


def lazy_sampler(api, words, tools):
    """llama.cpp's sampler that rules out what the grammar does not admit, from where a call begins."""
    patterns = (ctypes.c_char_p * len(TRIGGERS))(*(trigger.encode() for trigger in TRIGGERS))
    sampler = api.llama_sampler_init_grammar_lazy_patterns(
        words, grammar(tools).encode(), b"root", patterns, len(TRIGGERS), None, 0
    )
    if not sampler:
        raise RuntimeError("llama.cpp does not read the grammar of the tools")
    return sampler


def calls_in(text, names):
    """The text without its calls, and these."""
    found = CALL.findall(text)
    if found:
        return CALL.sub("", text), [call for call in map(read, found) if call]
    bare = BARE.match(text)
    call = read(bare.group(1)) if bare else None
    if call and call["name"] in names:
        return "", [call]
    return text, []


def read(text):
    """A call, if the text is one."""
    try:
        call = json.loads(text)
        return {"name": str(call["name"]), "arguments": call["arguments"]}
    except (ValueError, KeyError, TypeError):
        return None
