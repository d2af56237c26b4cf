package candor.evaluate.engine;

import candor.evaluate.engine.EngineRespondent.NamedAdapter;
import candor.evaluate.engine.EngineRespondent.Settings;
import candor.ops.AskedDtype;
import candor.ops.Backends;
import candor.ops.weight.PackedForm;
import candor.probe.Steering;
import candor.text.TemplateChoice;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;

/** How a model is opened, on its way from one process to another that opens it alike. */
public final class SettingsJson {
    private SettingsJson() {}

    public static ObjectNode of(Settings settings) {
        ObjectNode json = JsonNodeFactory.instance
                .objectNode()
                .put("model", settings.model().toString())
                .put(
                        "weights",
                        settings.weights() == null ? null : settings.weights().name());
        if (settings.steering() != null) {
            json.putObject("steering")
                    .put("file", settings.steering().file().toString())
                    .put("strength", settings.steering().strength());
        }
        ArrayNode adapters = json.putArray("adapters");
        settings.adapters().forEach(adapter -> adapters.addObject()
                .put("name", adapter.name())
                .put("folder", adapter.folder().toString()));
        json.put("base", settings.base())
                .put("backend", settings.backend().name())
                .put("dtype", settings.backend().dtype())
                .put("threads", settings.threads())
                .put("date", settings.date().toString())
                .put("template", settings.template().template())
                .put("kwargs", settings.template().kwargs())
                .put("positions", settings.positions())
                .put("sequences", settings.sequences())
                .put("cache_bytes", settings.cacheBytes())
                .put("defuse", settings.defuse());
        return json.set("decoding", settings.decoding().json());
    }

    public static Settings settings(JsonNode json) {
        JsonNode steering = json.get("steering");
        JsonNode decoding = json.get("decoding");
        List<NamedAdapter> adapters = new ArrayList<>();
        json.get("adapters")
                .forEach(adapter -> adapters.add(new NamedAdapter(
                        adapter.get("name").textValue(),
                        Path.of(adapter.get("folder").textValue()))));
        return new Settings(
                Path.of(json.get("model").textValue()),
                json.get("weights").isNull()
                        ? null
                        : PackedForm.valueOf(json.get("weights").textValue()),
                steering == null
                        ? null
                        : new Steering(
                                Path.of(steering.get("file").textValue()),
                                steering.get("strength").doubleValue()),
                adapters,
                json.get("base").booleanValue(),
                AskedDtype.recorded(json.get("dtype").textValue())
                        .on(Backends.named(json.get("backend").textValue())),
                json.get("threads").intValue(),
                LocalDateTime.parse(json.get("date").textValue()),
                new TemplateChoice(
                        json.get("template").textValue(), json.get("kwargs").textValue()),
                new Decoding(
                        decoding.get("top_p").doubleValue(),
                        decoding.get("top_k").intValue(),
                        decoding.get("repetition_penalty").doubleValue()),
                json.get("positions").intValue(),
                json.get("sequences").intValue(),
                json.get("cache_bytes").longValue(),
                json.get("defuse").booleanValue());
    }
}
