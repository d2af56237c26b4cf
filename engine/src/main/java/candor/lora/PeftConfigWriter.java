package candor.lora;

import candor.lora.AdapterShape.Place;
import candor.lora.AdapterShape.Site;
import candor.model.Projection;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Writes {@code adapter_config.json} as PEFT does: every key, sorted, indented by two; but the modules in a fixed order. */
final class PeftConfigWriter {
    /** The PEFT whose keys these are. */
    private static final String PEFT_VERSION = "0.21.0";

    private PeftConfigWriter() {}

    /**
     * @param revision of the base on the Hub, or null
     * @param dropout what the adapter was trained with
     * @param biases  whether there are biases behind the factors
     */
    static byte[] json(AdapterShape shape, String baseModel, String revision, double dropout, boolean biases) {
        Map<String, Object> all = new TreeMap<>();
        for (String key : List.of(
                "alora_invocation_tokens",
                "arrow_config",
                "auto_mapping",
                "corda_config",
                "eva_config",
                "exclude_modules",
                "kasa_config",
                "layer_replication",
                "layers_pattern",
                "lora_ga_config",
                "megatron_config",
                "modules_to_save",
                "monteclora_config",
                "target_parameters",
                "trainable_token_indices",
                "use_bdlora",
                "velora_config")) {
            all.put(key, null);
        }
        for (String key : List.of("ensure_weight_tying", "fan_in_fan_out", "use_dora", "use_qalora")) {
            all.put(key, false);
        }
        all.put("lora_bias", biases);
        all.put("loftq_config", Map.of());
        all.put("base_model_name_or_path", baseModel);
        all.put("revision", revision);
        all.put("bias", "none");
        all.put("inference_mode", true);
        all.put("init_lora_weights", true);
        all.put("lora_dropout", dropout);
        all.put("megatron_core", "megatron.core");
        all.put("peft_type", "LORA");
        all.put("peft_version", PEFT_VERSION);
        all.put("qalora_group_size", 16);
        all.put("task_type", "CAUSAL_LM");
        modules(all, shape);
        try {
            return JsonMapper.builder()
                    .build()
                    .writer(printer())
                    .writeValueAsString(all)
                    .getBytes(StandardCharsets.UTF_8);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("texts, numbers and lists always make JSON", e);
        }
    }

    /**
     * Names of projections where all layers that have factors are alike, with the layers where these are not all; else every
     * module by its full name, and what differs from the first.
     */
    private static void modules(Map<String, Object> all, AdapterShape shape) {
        LoraConfig alike = shape.alike();
        Site first = shape.sites().get(shape.sites().firstKey());
        Map<String, Object> ranks = new TreeMap<>();
        Map<String, Object> alphas = new TreeMap<>();
        for (Map.Entry<Place, Site> entry : shape.sites().entrySet()) {
            Site site = entry.getValue();
            if (site.rank() != first.rank()) {
                ranks.put(entry.getKey().module(), site.rank());
            }
            if (site.alpha() != first.alpha()) {
                alphas.put(entry.getKey().module(), number(site.alpha()));
            }
        }
        all.put("layers_to_transform", alike == null || shape.uniform() != null ? null : shape.layers());
        all.put("alpha_pattern", alphas);
        all.put("rank_pattern", ranks);
        all.put("lora_alpha", number(first.alpha()));
        all.put("r", first.rank());
        all.put("use_rslora", first.rankStabilised());
        all.put(
                "target_modules",
                alike != null
                        ? alike.projections().stream().map(Projection::peftName).toList()
                        : shape.sites().keySet().stream().map(Place::module).toList());
    }

    private static Object number(double value) {
        return value == Math.rint(value) ? (Object) (long) value : (Object) value;
    }

    private static DefaultPrettyPrinter printer() {
        DefaultIndenter lines = new DefaultIndenter("  ", "\n");
        Separators separators = Separators.createDefaultInstance()
                .withObjectFieldValueSpacing(Separators.Spacing.AFTER)
                .withObjectEmptySeparator("")
                .withArrayEmptySeparator("");
        DefaultPrettyPrinter printer = new DefaultPrettyPrinter(separators);
        printer.indentObjectsWith(lines);
        printer.indentArraysWith(lines);
        return printer;
    }
}
