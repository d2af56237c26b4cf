package candor.lora;

import candor.BadInput;
import candor.io.JsonFile;
import candor.lora.AdapterShape.Place;
import candor.lora.AdapterShape.Site;
import candor.model.ModelConfig;
import candor.model.Projection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * {@code adapter_config.json}: PEFT's settings of a LoRA adapter.
 *
 * @param targets    which modules have factors, and of which rank
 * @param dora       whether each has a magnitude (Liu et al. 2024)
 * @param factorBias whether each has a bias beside its factors, {@code lora_bias}
 * @param biases     whether biases of the base's own layers may be in the adapter's file, {@code bias}
 * @param saved      which of {@link #HEAD} and {@link #EMBEDDING} the adapter has whole, {@code modules_to_save}
 * @param tied       whether a head that is the embedding stays it, {@code ensure_weight_tying}
 * @param tokens     by module, the tokens whose rows are trained, {@code trainable_token_indices}
 */
record PeftConfig(
        JsonFile json,
        int rank,
        double alpha,
        boolean rankStabilised,
        PeftTargets targets,
        boolean dora,
        boolean factorBias,
        boolean biases,
        Set<String> saved,
        boolean tied,
        Map<String, List<Integer>> tokens) {
    static final String HEAD = "lm_head";
    static final String EMBEDDING = "model.embed_tokens";

    private static final int MOST_NAMES = 1 << 16;
    private static final int MOST_TOKENS = 1 << 24;

    /** What always works, but where the weights depend on the text. */
    private static final String MERGE =
            "merge it into its base with PEFT's merge_and_unload, and give the result as {model}";

    private static final String ANOTHER = "take an adapter of plain LoRA";

    /** What says nothing about what the adapter computes, whatever its value. */
    private static final Set<String> INFORMATION = Set.of(
            "auto_mapping",
            "base_model_name_or_path",
            "corda_config",
            "eva_config",
            "inference_mode",
            "loftq_config",
            "lora_dropout",
            "lora_ga_config",
            "megatron_core",
            "peft_version",
            "qalora_group_size",
            "revision",
            "runtime_config",
            "velora_config");

    private static final Set<String> READ = Set.of(
            "alpha_pattern",
            "bias",
            "ensure_weight_tying",
            "exclude_modules",
            "init_lora_weights",
            "layers_pattern",
            "layers_to_transform",
            "lora_alpha",
            "lora_bias",
            "modules_to_save",
            "peft_type",
            "r",
            "rank_pattern",
            "target_modules",
            "task_type",
            "trainable_token_indices",
            "use_dora",
            "use_rslora");

    /** What PEFT itself cannot merge. */
    private static final Set<String> NEVER_MERGED = Set.of("alora_invocation_tokens", "arrow_config");

    /** Methods of PEFT that are no change of weights. */
    private static final Set<String> PROMPTS =
            Set.of("ADAPTION_PROMPT", "CPT", "MULTITASK_PROMPT_TUNING", "P_TUNING", "PREFIX_TUNING", "PROMPT_TUNING");

    /** Ways of starting an adapter that leave the base model as it was. */
    private static final Set<String> PLAIN_STARTS = Set.of("eva", "gaussian", "mica", "orthogonal");

    /** Those that take the start of the factors out of the base, and that PEFT converts. */
    private static final Set<String> CONVERTED_STARTS = Set.of("corda", "lora_ga", "olora", "pissa");

    static PeftConfig read(JsonFile json) {
        String type = json.text("peft_type");
        if (!type.equals("LORA")) {
            throw json.unsupported("peft_type", "only LORA is; " + (PROMPTS.contains(type) ? ANOTHER : MERGE));
        }
        if (json.has("task_type") && !json.text("task_type").equals("CAUSAL_LM")) {
            throw json.unsupported("task_type", "only CAUSAL_LM is; take an adapter for generating text");
        }
        start(json);
        for (String key : json.keys()) {
            if (!READ.contains(key) && !INFORMATION.contains(key) && !json.neutral(key)) {
                throw json.unsupported(key, NEVER_MERGED.contains(key) ? ANOTHER : MERGE);
            }
        }
        List<String> names = json.neutral("modules_to_save") ? List.of() : json.texts("modules_to_save", MOST_NAMES);
        return new PeftConfig(
                json,
                json.integer("r", 1, LoraConfig.MOST_RANK),
                json.number("lora_alpha", LoraConfig.LEAST_ALPHA, LoraConfig.MOST_ALPHA),
                json.bool("use_rslora", false),
                new PeftTargets(json, names),
                json.bool("use_dora", false),
                json.bool("lora_bias", false),
                biases(json),
                saved(json, names),
                json.bool("ensure_weight_tying", false),
                tokens(json));
    }

    private static void start(JsonFile json) {
        String key = "init_lora_weights";
        if (!json.isText(key) || PLAIN_STARTS.contains(json.text(key))) {
            return;
        }
        String start = json.text(key);
        if (CONVERTED_STARTS.contains(start) || start.startsWith("pissa_niter_")) {
            throw json.unsupported(
                    key,
                    "such a start changes the base's weights; save the adapter with PEFT's"
                            + " path_initial_model_for_weight_conversion, or " + MERGE);
        }
        throw json.unsupported(key, "such a start changes the base's weights; " + MERGE);
    }

    private static boolean biases(JsonFile json) {
        if (!json.has("bias")) {
            return false;
        }
        return switch (json.text("bias")) {
            case "none" -> false;
            case "all", "lora_only" -> true;
            default -> throw json.wrong("bias", "none, all or lora_only");
        };
    }

    /** PEFT takes a module whose name ends like this, in the middle of a word, too. */
    private static Set<String> saved(JsonFile json, List<String> names) {
        Map<String, String> found = new TreeMap<>();
        for (String name : names) {
            boolean head = HEAD.endsWith(name);
            if (name.isEmpty() || head == EMBEDDING.endsWith(name)) {
                throw json.unsupported("modules_to_save", "only lm_head and embed_tokens are; " + MERGE);
            }
            found.put(head ? HEAD : EMBEDDING, name);
        }
        return found.keySet();
    }

    private static Map<String, List<Integer>> tokens(JsonFile json) {
        String key = "trainable_token_indices";
        Map<String, List<Integer>> tokens = new LinkedHashMap<>();
        if (json.neutral(key)) {
            return tokens;
        }
        if (!json.isObject(key)) {
            tokens.put(EMBEDDING, json.integers(key, 0, MOST_TOKENS, MOST_NAMES));
            return tokens;
        }
        JsonFile each = json.object(key);
        for (String name : each.keys()) {
            boolean head = HEAD.endsWith(name);
            if (name.isEmpty() || head == EMBEDDING.endsWith(name)) {
                throw json.unsupported(key, "only lm_head and embed_tokens have such rows; " + MERGE);
            }
            tokens.put(head ? HEAD : EMBEDDING, each.integers(name, 0, MOST_TOKENS, MOST_NAMES));
        }
        return tokens;
    }

    /** Where in a model there are factors. */
    AdapterShape shape(ModelConfig model) {
        TreeMap<Place, Site> sites = new TreeMap<>();
        for (int layer = 0; layer < model.layers(); layer++) {
            for (Projection projection : Projection.values()) {
                Place place = new Place(layer, projection);
                if (targets.has(place.module(), true)) {
                    sites.put(place, site(place.module()));
                }
            }
        }
        if (sites.isEmpty()) {
            throw json.wrong(
                    "target_modules",
                    "linear layers of this model, such as " + LoraConfig.names() + ", that are not excluded");
        }
        return new AdapterShape(model, sites);
    }

    /** The factors of a module outside the decoder layers, {@link #HEAD} or {@link #EMBEDDING}; null where it has none. */
    Site outside(String module) {
        return targets.has(module, false) ? site(module) : null;
    }

    private Site site(String module) {
        return new Site(targets.rank(module, rank), targets.alpha(module, alpha), rankStabilised);
    }

    /** @throws BadInput where the adapter has more than factors of linear layers, which is all that we train */
    void requireTrainable() {
        Map<String, Boolean> asked = new LinkedHashMap<>();
        asked.put("use_dora", dora);
        asked.put("lora_bias", factorBias);
        asked.put("bias", biases);
        asked.put("modules_to_save", !saved.isEmpty());
        asked.put("trainable_token_indices", !tokens.isEmpty());
        asked.put("target_modules", outside(HEAD) != null || outside(EMBEDDING) != null);
        asked.forEach((key, there) -> {
            if (there) {
                throw new BadInput(json.file() + ": " + key + " is " + json.shown(key)
                        + ", which generate, eval, chat and merge know, but training does not; merge the adapter into its base"
                        + " (./candor merge) and train a new one on the result");
            }
        });
    }
}
