package candor.model;

import candor.BadInput;
import candor.io.JsonFile;
import candor.model.SafetensorsWriter.Spec;
import candor.ops.weight.Fp8Weight;
import candor.ops.weight.PackedForm;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.stream.Stream;

/**
 * How the weights of a model's linear layers are packed. Embedding, head, norms and biases never are.
 *
 * @param form   of those that are
 * @param plain  modules that are not, by their names: whole ones, beginnings or ends
 * @param onLoad whether they are packed as they are loaded; the checkpoint has them packed where not
 */
public record Packing(PackedForm form, List<String> plain, boolean onLoad) {
    private static final int MOST_MODULES = 20_000;
    /** Where config.json says it. */
    static final String KEY = "quantization_config";

    private static final String METHODS = "bitsandbytes (nf4, int8) and fp8 are; ";
    private static final String PLAIN = "take the model in bfloat16, which {weights} packs as it is loaded";

    public Packing {
        plain = List.copyOf(plain);
    }

    /** All linear layers, as they are loaded. */
    public static Packing of(PackedForm form) {
        return new Packing(form, List.of(), true);
    }

    /**
     * What a {@code config.json} says; null where nothing is packed.
     *
     * @throws BadInput for a way of packing that is not supported
     */
    static Packing read(JsonFile config) {
        if (!config.neutral("compression_config")) {
            throw config.unsupported("compression_config", PLAIN);
        }
        if (config.neutral(KEY)) {
            return null;
        }
        JsonFile json = config.object(KEY);
        if (!json.has("quant_method")) {
            if (json.has("load_in_4bit") || json.has("load_in_8bit")) {
                return bitsandbytes(json); // its first files do not say whose they are
            }
            throw config.unsupported(KEY, METHODS + PLAIN);
        }
        return switch (json.text("quant_method")) {
            case "bitsandbytes" -> bitsandbytes(json);
            case "fp8" -> fp8(json);
            default -> throw json.unsupported("quant_method", METHODS + PLAIN);
        };
    }

    private static Packing bitsandbytes(JsonFile json) {
        boolean four = json.bool("load_in_4bit", false);
        if (four == json.bool("load_in_8bit", false)) {
            throw new BadInput(json.file() + ": " + KEY
                    + " says neither load_in_4bit nor load_in_8bit alone, expected one of them;"
                    + " take another file");
        }
        List<String> plain = modules(json, "llm_int8_skip_modules");
        if (!four) {
            return new Packing(PackedForm.INT8, plain, false);
        }
        String type = json.has("bnb_4bit_quant_type") ? json.text("bnb_4bit_quant_type") : "fp4"; // its default
        if (!type.equals("nf4")) {
            throw new BadInput(
                    json.file() + ": " + KEY + ".bnb_4bit_quant_type is " + JsonFile.shorten(type)
                            + ", which is not supported: nf4 is",
                    PLAIN);
        }
        return new Packing(PackedForm.NF4, plain, false);
    }

    private static Packing fp8(JsonFile json) {
        if (json.has("fmt") && !json.text("fmt").equals("e4m3")) {
            throw json.unsupported("fmt", "e4m3 is; " + PLAIN);
        }
        if (json.has("activation_scheme") && !json.text("activation_scheme").equals("dynamic")) {
            throw json.unsupported("activation_scheme", "dynamic is; " + PLAIN);
        }
        if (!json.isList("weight_block_size")
                || !json.integers("weight_block_size", 1, 1 << 20, 8).equals(List.of(128, 128))) {
            throw json.unsupported("weight_block_size", "blocks of [128,128] are; " + PLAIN);
        }
        return new Packing(PackedForm.FP8, modules(json, "modules_to_not_convert"), false);
    }

    private static List<String> modules(JsonFile json, String key) {
        return json.has(key) ? json.texts(key, MOST_MODULES) : List.of();
    }

    /** As config.json says it, for whoever else loads the checkpoint. */
    ObjectNode json() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        List<String> left =
                Stream.concat(Stream.of("lm_head"), plain.stream()).distinct().toList();
        if (form == PackedForm.FP8) {
            json.put("activation_scheme", "dynamic").put("fmt", "e4m3");
            left.forEach(json.putArray("modules_to_not_convert")::add);
            json.put("quant_method", "fp8");
            json.putArray("weight_block_size").add(Fp8Weight.BLOCK).add(Fp8Weight.BLOCK);
            return json;
        }
        boolean four = form == PackedForm.NF4;
        json.put("_load_in_4bit", four)
                .put("_load_in_8bit", !four)
                .put("bnb_4bit_compute_dtype", "bfloat16")
                .put("bnb_4bit_quant_storage", "uint8")
                .put("bnb_4bit_quant_type", "nf4")
                .put("bnb_4bit_use_double_quant", true)
                .put("llm_int8_enable_fp32_cpu_offload", false)
                .put("llm_int8_has_fp16_weight", false);
        left.forEach(json.putArray("llm_int8_skip_modules")::add);
        return json.put("llm_int8_threshold", 6.0)
                .put("load_in_4bit", four)
                .put("load_in_8bit", !four)
                .put("quant_method", "bitsandbytes");
    }

    /** Whether a tensor is packed. */
    public boolean packs(Spec spec) {
        Architecture.Stored stored = Architecture.Stored.matrix(spec.name(), spec.rows(), spec.cols());
        return !spec.vector() && stored.linear() && packs(stored.module());
    }

    /** Whether the weight of a module is packed. */
    boolean packs(String module) {
        return plain.stream()
                .noneMatch(name -> module.equals(name) || module.startsWith(name + ".") || module.endsWith("." + name));
    }
}
