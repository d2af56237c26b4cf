package candor.lora;

import candor.BadInput;
import candor.model.JsonFile;
import candor.model.Projection;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.core.util.Separators;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** {@code adapter_config.json}: PEFT's settings of a LoRA adapter, of which Candor knows the plain ones. */
final class PeftConfig {
    /** The PEFT whose keys these are. */
    private static final String PEFT_VERSION = "0.21.0";

    /** What says nothing about what the adapter computes, whatever its value. */
    private static final Set<String> INFORMATION = Set.of(
            "auto_mapping",
            "base_model_name_or_path",
            "inference_mode",
            "lora_dropout",
            "megatron_core",
            "peft_version",
            "qalora_group_size",
            "revision",
            "runtime_config");

    private static final Set<String> READ = Set.of(
            "bias", "init_lora_weights", "lora_alpha", "peft_type", "r", "target_modules", "task_type", "use_rslora");

    /** Ways of starting an adapter that leave the base model as it was. */
    private static final Set<String> PLAIN_STARTS = Set.of("gaussian", "orthogonal", "eva");

    private PeftConfig() {}

    static LoraConfig read(JsonFile json) {
        if (!json.text("peft_type").equals("LORA")) {
            throw json.unsupported("peft_type", "only LORA is; take another adapter");
        }
        if (json.has("task_type") && !json.text("task_type").equals("CAUSAL_LM")) {
            throw json.unsupported("task_type", "only CAUSAL_LM is; take another adapter");
        }
        if (json.has("bias") && !json.text("bias").equals("none")) {
            throw json.unsupported("bias", "only none is; take another adapter");
        }
        if (json.isText("init_lora_weights") && !PLAIN_STARTS.contains(json.text("init_lora_weights"))) {
            throw json.unsupported(
                    "init_lora_weights", "it changes the base model; convert the adapter to plain LoRA with PEFT");
        }
        for (String key : json.keys()) {
            if (!READ.contains(key) && !INFORMATION.contains(key) && !json.neutral(key)) {
                throw json.unsupported(key, "take an adapter of plain LoRA");
            }
        }
        int rank = json.integer("r", 1, LoraConfig.MOST_RANK);
        double alpha = json.number("lora_alpha", LoraConfig.LEAST_ALPHA, LoraConfig.MOST_ALPHA);
        return new LoraConfig(rank, alpha, json.bool("use_rslora", false), projections(json));
    }

    private static Set<Projection> projections(JsonFile json) {
        String key = "target_modules";
        if (json.isText(key) && !json.text(key).equals(LoraConfig.ALL_LINEAR)) {
            throw json.unsupported(key, "write it as a list of names");
        }
        Collection<String> names = json.isText(key) ? List.of(LoraConfig.ALL_LINEAR) : json.texts(key, 64);
        if (names.isEmpty()) {
            throw json.wrong(key, "at least one of " + LoraConfig.names());
        }
        try {
            return LoraConfig.projections(names);
        } catch (BadInput e) {
            throw new BadInput(json.file() + ": " + e.getMessage(), e);
        }
    }

    /** As PEFT writes it: every key, sorted, indented by two; but the target modules in a fixed order. */
    static byte[] json(LoraConfig config, String baseModel) {
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
                "layers_to_transform",
                "lora_ga_config",
                "megatron_config",
                "modules_to_save",
                "monteclora_config",
                "revision",
                "target_parameters",
                "trainable_token_indices",
                "use_bdlora",
                "velora_config")) {
            all.put(key, null);
        }
        for (String key : List.of("ensure_weight_tying", "fan_in_fan_out", "lora_bias", "use_dora", "use_qalora")) {
            all.put(key, false);
        }
        for (String key : List.of("alpha_pattern", "loftq_config", "rank_pattern")) {
            all.put(key, Map.of());
        }
        all.put("base_model_name_or_path", baseModel);
        all.put("bias", "none");
        all.put("inference_mode", true);
        all.put("init_lora_weights", true);
        boolean whole = config.alpha() == Math.rint(config.alpha());
        all.put("lora_alpha", whole ? (Object) (long) config.alpha() : (Object) config.alpha());
        all.put("lora_dropout", 0.0);
        all.put("megatron_core", "megatron.core");
        all.put("peft_type", "LORA");
        all.put("peft_version", PEFT_VERSION);
        all.put("qalora_group_size", 16);
        all.put("r", config.rank());
        all.put(
                "target_modules",
                config.projections().stream().map(Projection::peftName).toList());
        all.put("task_type", "CAUSAL_LM");
        all.put("use_rslora", config.rankStabilised());
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
