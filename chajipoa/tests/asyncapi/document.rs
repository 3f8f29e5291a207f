//! Makes the document: both topics, one message for each event version that the ledger may hold.

use domain::Event;
use ledger::{cloudevent, feed::TOPIC};
use serde_json::{Map, Value, json};

use super::parsed;

/// Where signed checkpoints of the ledger are published.
const CHECKPOINTS: &str = "chajipoa.checkpoints.v1";
const DEFINITION: &str = "#/definitions/";

/// The whole document.
pub(crate) fn made() -> Value {
    let mut schemas = Map::new();
    let mut messages = Map::new();
    schemas.insert("CloudEventHeaders".to_owned(), headers());
    for (event_type, version) in Event::versions() {
        let name = format!("{event_type}.v{version}");
        let payload = hoisted(&name, &mut schemas);
        messages.insert(name.clone(), message(event_type, version, &payload));
        schemas.insert(name, payload);
    }
    let in_ledger: Map<String, Value> =
        messages.keys().map(|name| (name.clone(), reference("messages", name))).collect();
    messages.insert("Checkpoint".to_owned(), checkpoint());
    json!({
        "asyncapi": "3.0.0",
        "id": "urn:chajipoa:ledger",
        "info": {
            "title": "ChajiPoa's ledger",
            "version": "1.0.0",
            "description": "Every fact of the ledger, once recorded, in the order of its positions. Positions are 1, 2, 3 … \
                without a gap; a message may come again, its first occurrence comes in order. So a consumer drops what \
                is not beyond its last position, and asserts that the next one is the last plus one. The topic may be \
                wiped and is then filled again from the ledger. A landed version of an event never changes, except that a \
                choice of words may get one more; older versions stay in the topic for ever.",
        },
        "defaultContentType": cloudevent::CONTENT_TYPE,
        "servers": {
            "kafka": {
                "host": "{brokers}",
                "protocol": "kafka",
                "description": "The brokers that `KAFKA_BROKERS` names.",
                "variables": {"brokers": {"default": "localhost:9092"}},
            },
        },
        "channels": {
            "ledger": channel(TOPIC, "Every event, one partition for each ledger.", Value::Object(in_ledger)),
            "checkpoints": channel(
                CHECKPOINTS,
                "Signed checkpoints of the ledger's Merkle tree: a copy outside of its database.",
                json!({"Checkpoint": reference("messages", "Checkpoint")}),
            ),
        },
        "operations": {
            "sendEvent": {
                "action": "send",
                "channel": {"$ref": "#/channels/ledger"},
                "summary": "An event was recorded.",
            },
            "sendCheckpoint": {
                "action": "send",
                "channel": {"$ref": "#/channels/checkpoints"},
                "summary": "A checkpoint was signed and stored.",
            },
        },
        "components": {"messages": messages, "schemas": schemas},
    })
}

fn reference(kind: &str, name: &str) -> Value {
    json!({"$ref": format!("#/components/{kind}/{name}")})
}

fn channel(topic: &str, summary: &str, messages: Value) -> Value {
    json!({
        "address": topic,
        "summary": summary,
        "messages": messages,
        "bindings": {
            "kafka": {
                "topic": topic,
                "partitions": 1,
                "topicConfiguration": {"cleanup.policy": ["delete"], "retention.ms": -1},
                "bindingVersion": "0.5.0",
            },
        },
    })
}

fn message(event_type: &str, version: i16, payload: &Value) -> Value {
    let name = format!("{event_type}.v{version}");
    let fixed = json!({
        "type": "object",
        "properties": {
            "ce_type": {"const": event_type},
            "ce_dataschema": {"const": format!("{}{event_type}:{version}", cloudevent::DATASCHEMA_PREFIX)},
        },
    });
    json!({
        "name": name,
        "title": format!("{event_type} version {version}"),
        "summary": payload["description"],
        "contentType": cloudevent::CONTENT_TYPE,
        "headers": {"type": "object", "allOf": [reference("schemas", "CloudEventHeaders"), fixed]},
        "payload": reference("schemas", &name),
        "bindings": {"kafka": {"key": key(), "bindingVersion": "0.5.0"}},
        "examples": [{"name": name, "payload": parsed(&format!("events/examples/{name}.json"))}],
    })
}

fn key() -> Value {
    json!({
        "type": "string",
        "description": "The id of the customer, else of the device, else of the station it concerns, else `ledger`.",
    })
}

fn headers() -> Value {
    let text = |description: &str| json!({"type": "string", "description": description});
    let id = |description: &str| json!({"type": "string", "format": "uuid", "description": description});
    let time =
        |description: &str| json!({"type": "string", "format": "date-time", "description": description});
    let entity = "[a-z_]+:[0-9a-f-]{36}";
    json!({
        "description": "CloudEvents 1.0, binary mode: attributes are headers, the payload is the message's value.",
        "type": "object",
        "properties": {
            "ce_specversion": {"const": "1.0"},
            "ce_id": id("The event's id."),
            "ce_source": {
                "type": "string", "pattern": "^/chajipoa/[0-9a-f-]{36}/[0-9]+$",
                "description": "The ledger's id and its epoch.",
            },
            "ce_type": text("The event's type."),
            "ce_subject": {
                "type": "string", "pattern": format!("^{entity}$"), "description": "What it is about: its first stream.",
            },
            "ce_time": time("When it happened."),
            "ce_dataschema": {
                "type": "string", "pattern": format!("^{}[A-Za-z]+:[0-9]+$", cloudevent::DATASCHEMA_PREFIX),
                "description": "Type and version: the `$id` of the payload's JSON Schema.",
            },
            "content-type": {"const": cloudevent::CONTENT_TYPE},
            "ce_position": {"type": "string", "pattern": "^[1-9][0-9]*$", "description": "Its position in the ledger."},
            "ce_recordedat": time("When it was recorded."),
            "ce_commandid": id("The command that led to it."),
            "ce_actor": text("Who sent that command: role and subject."),
            "ce_causationid": id("The event that led to it, if one did."),
            "ce_correlationid": id("What it belongs together with, if that was said."),
            "ce_streams": {
                "type": "string", "pattern": format!("^{entity}:[1-9][0-9]*(,{entity}:[1-9][0-9]*)*$"),
                "description": "The streams it is in, each with its version there: `kind:id:version,…`.",
            },
            "traceparent": text("W3C Trace Context of the request, if it had one."),
        },
        "required": [
            "ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject", "ce_time", "ce_dataschema", "content-type",
            "ce_position", "ce_recordedat", "ce_commandid", "ce_actor", "ce_streams",
        ],
        "additionalProperties": true,
    })
}

fn checkpoint() -> Value {
    json!({
        "name": "Checkpoint",
        "title": "Signed checkpoint",
        "summary": "A checkpoint in C2SP tlog-checkpoint text.",
        "description": "Origin, size and root of the tree, an empty line, and an Ed25519 signature under the key at \
            `GET /api/v1/ledger/checkpoint/keys`. No two of one origin ever contradict each other.",
        "contentType": "text/plain",
        "payload": {
            "type": "string",
            "pattern": "^chajipoa/[0-9a-f-]{36}/[0-9]+\\n[0-9]+\\n[A-Za-z0-9+/]{43}=\\n\\n(— [^ \\n]+ [A-Za-z0-9+/=]+\\n)+$",
        },
    })
}

/// The schema of a version, its definitions put beside all others.
fn hoisted(name: &str, schemas: &mut Map<String, Value>) -> Value {
    let mut schema = parsed(&format!("events/{name}.schema.json"));
    let object = schema.as_object_mut().unwrap();
    object.remove("$schema");
    object.remove("$id");
    let definitions = object.remove("definitions");
    for (definition, mut value) in definitions.iter().flat_map(|all| all.as_object().unwrap().clone()) {
        point_at_components(&mut value);
        let known = schemas.entry(definition.clone()).or_insert_with(|| value.clone());
        assert_eq!(*known, value, "{name} says {definition} in another way than an earlier version did");
    }
    point_at_components(&mut schema);
    schema
}

fn point_at_components(value: &mut Value) {
    match value {
        Value::Object(object) => {
            let to = object.get("$ref").and_then(Value::as_str).and_then(|to| to.strip_prefix(DEFINITION));
            if let Some(to) = to.map(|name| format!("#/components/schemas/{name}")) {
                object.insert("$ref".to_owned(), json!(to));
            }
            object.values_mut().for_each(point_at_components);
        }
        Value::Array(all) => all.iter_mut().for_each(point_at_components),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}
