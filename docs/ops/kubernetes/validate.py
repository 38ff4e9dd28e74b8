"""Validates the custom resources of this folder against the schemas of their definitions.

Usage: python validate.py CRD_FILE.. -- MANIFEST..

The definitions are those of the operators' repositories:
  prometheus-operator  example/prometheus-operator-crd/monitoring.coreos.com_{podmonitors,probes,prometheuses,
                       prometheusrules,servicemonitors}.yaml
  opentelemetry-operator  config/crd/bases/opentelemetry.io_opentelemetrycollectors.yaml
  keda                 config/crd/bases/keda.sh_scaledobjects.yaml

A field that a definition does not have is an error, because an API server would drop it silently. Needs PyYAML and
jsonschema.

Must hold: an unknown field of a custom resource is an error, and so is a run that validated nothing.
Checked by: runs by hand with the definitions of the versions in docs/ops/install.md.
"""

import sys

import jsonschema
import yaml


def strict(schema):
    """Returns the schema with unknown fields refused wherever the API server would remove them."""
    if isinstance(schema, list):
        return [strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: strict(value) for key, value in schema.items()}
    keeps = schema.get("x-kubernetes-preserve-unknown-fields")
    if "properties" in schema and isinstance(schema["properties"], dict) and not keeps:
        if "additionalProperties" not in schema:
            result["additionalProperties"] = False
    if schema.get("x-kubernetes-int-or-string"):
        result.pop("type", None)
    return result


def definitions(files):
    schemas = {}
    for file in files:
        with open(file) as text:
            for crd in yaml.safe_load_all(text):
                if not crd or crd.get("kind") != "CustomResourceDefinition":
                    continue
                spec = crd["spec"]
                for version in spec["versions"]:
                    schema = strict(version["schema"]["openAPIV3Schema"])
                    # The definition of `metadata` is that of Kubernetes.
                    schema["properties"]["metadata"] = {"type": "object"}
                    schemas[spec["group"] + "/" + version["name"], spec["names"]["kind"]] = schema
    return schemas


def main():
    split = sys.argv.index("--")
    schemas = definitions(sys.argv[1:split])
    failed = validated = 0
    for file in sys.argv[split + 1:]:
        with open(file) as text:
            documents = [document for document in yaml.safe_load_all(text) if document]
        for document in documents:
            schema = schemas.get((document["apiVersion"], document["kind"]))
            name = f"{file}: {document['kind']}/{document['metadata']['name']}"
            if schema is None:
                continue
            validated += 1
            for error in jsonschema.Draft202012Validator(schema).iter_errors(document):
                failed += 1
                print(f"{name}: {'.'.join(map(str, error.absolute_path))}: {error.message[:200]}")
    print(f"{validated} custom resources validated, {failed} errors")
    sys.exit(1 if failed or not validated else 0)


if __name__ == "__main__":
    main()
