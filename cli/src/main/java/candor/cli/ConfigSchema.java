package candor.cli;

import candor.BadInput;
import candor.quickstart.Quickstart;
import candor.study.Schema;
import candor.study.protocol.Protocols;
import candor.train.config.Setting;
import candor.train.config.TrainSettings;
import candor.train.config.TrainSettings.Method;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/**
 * JSON Schemas (draft 2020-12) of the YAML files that commands read, for editors: made of the tables that read the files, so that they
 * cannot say anything else. They know settings by our own names; what a file may also call them is not in here.
 */
final class ConfigSchema {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final String TRAIN = "train-";
    private static final String STUDY = "study-";
    private static final String QUICKSTART = "quickstart";

    private ConfigSchema() {}

    /** The names of all schemas. */
    static List<String> names() {
        List<String> names = new ArrayList<>();
        TrainCommand.methods().forEach(method -> names.add(TRAIN + method));
        for (Protocols protocol : Protocols.values()) {
            names.add(STUDY + protocol.word());
        }
        names.add(QUICKSTART);
        return names;
    }

    /** The schema of a name. */
    static ObjectNode of(String name) {
        if (!names().contains(name)) {
            throw new BadInput(name + ": there is no such schema; give one of " + String.join(", ", names()));
        }
        ObjectNode schema = JSON.objectNode()
                .put("$schema", "https://json-schema.org/draft/2020-12/schema")
                .put("title", "Candor: " + name.replace('-', ' '));
        if (name.startsWith(TRAIN)) {
            return training(schema, TrainCommand.method(name.substring(TRAIN.length())));
        }
        if (name.equals(QUICKSTART)) {
            return section(schema, Quickstart.schema());
        }
        for (Protocols protocol : Protocols.values()) {
            if (name.equals(STUDY + protocol.word())) {
                section(schema, protocol.schema());
            }
        }
        return schema;
    }

    /** Settings of a run, and {@code runs}, where several say how they differ. */
    private static ObjectNode training(ObjectNode schema, Method method) {
        object(schema, TrainSettings.of(method));
        ObjectNode runs = ((ObjectNode) schema.get("properties")).putObject("runs");
        runs.put("type", "array")
                .put("minItems", 1)
                .put("description", "Several adapters that are trained together, each by what it has of its own.");
        object(runs.putObject("items"), TrainSettings.ofRuns());
        return schema;
    }

    private static ObjectNode section(ObjectNode schema, Schema of) {
        object(schema, of.settings());
        ObjectNode properties = (ObjectNode) schema.get("properties");
        of.sections().forEach((name, inner) -> section(properties.putObject(name), inner));
        schema.put("additionalProperties", of.anyKey());
        return schema;
    }

    private static void object(ObjectNode schema, List<Setting<?>> settings) {
        schema.put("type", "object");
        ObjectNode properties = schema.putObject("properties");
        settings.forEach(setting -> properties.set(setting.key(), property(setting)));
        schema.put("additionalProperties", false);
    }

    private static ObjectNode property(Setting<?> setting) {
        ObjectNode property = kind(setting.kind());
        property.put("description", BadInput.advice(setting.help(), key -> key));
        setting.fallbackText().filter(text -> !text.isEmpty()).ifPresent(text -> {
            switch (setting.fallback()) {
                case Boolean yes -> property.put("default", yes);
                case Long whole -> property.put("default", whole);
                case Double real -> property.put("default", real);
                case List<?> several -> {
                    ArrayNode all = property.putArray("default");
                    several.forEach(each -> {
                        if (each instanceof Long whole) {
                            all.add(whole);
                        } else {
                            all.add(each.toString());
                        }
                    });
                }
                default -> property.put("default", text);
            }
        });
        return property;
    }

    private static ObjectNode kind(Setting.Kind<?> kind) {
        return switch (kind) {
            case Setting.Whole whole -> whole(whole.least(), whole.most());
            case Setting.Wholes wholes -> oneOrSeveral(whole(wholes.least(), wholes.most()));
            case Setting.Real real -> real(real);
            case Setting.YesNo _ -> JSON.objectNode().put("type", "boolean");
            case Setting.Choice<?> choice -> {
                ObjectNode schema = JSON.objectNode();
                ArrayNode names = schema.putArray("enum");
                List.of(choice.label().split("\\|")).forEach(names::add);
                yield schema;
            }
            case Setting.Recomputing _ -> JSON.objectNode().put("type", "string");
            case Setting.Text _ -> text();
            case Setting.JsonObject _ -> types("object", "string");
            case Setting.Texts _ -> oneOrSeveral(text());
        };
    }

    private static ObjectNode whole(long least, long most) {
        ObjectNode schema = JSON.objectNode().put("type", "integer").put("minimum", least);
        return most == Long.MAX_VALUE ? schema : schema.put("maximum", most);
    }

    private static ObjectNode real(Setting.Real real) {
        ObjectNode schema = JSON.objectNode().put("type", "number");
        schema.put(real.orEqual() ? "minimum" : "exclusiveMinimum", real.least());
        return real.most() == Double.MAX_VALUE
                ? schema
                : schema.put(real.orMost() ? "maximum" : "exclusiveMaximum", real.most());
    }

    /** A text; YAML takes what looks like a number or a date for one, and Candor reads it as it stands there. */
    private static ObjectNode text() {
        return types("string", "number");
    }

    private static ObjectNode types(String... types) {
        ObjectNode schema = JSON.objectNode();
        ArrayNode all = schema.putArray("type");
        List.of(types).forEach(all::add);
        return schema;
    }

    private static ObjectNode oneOrSeveral(ObjectNode one) {
        ObjectNode schema = JSON.objectNode();
        ArrayNode forms = schema.putArray("anyOf");
        forms.add(one);
        ObjectNode several = forms.addObject().put("type", "array").put("minItems", 1);
        several.set("items", one.deepCopy());
        return schema;
    }
}
