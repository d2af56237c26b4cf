package candor.model;

import candor.BadInput;
import candor.io.JsonFile;
import candor.ops.weight.PackedForm;
import java.util.List;

/**
 * How the weights of a model's linear layers are packed. Embedding, head, norms and biases never are.
 *
 * @param form  of those that are
 * @param plain modules that are not, by their names: whole ones, beginnings or ends
 */
public record Packing(PackedForm form, List<String> plain) {
    private static final int MOST_MODULES = 20_000;
    private static final String KEY = "quantization_config";
    private static final String METHODS = "bitsandbytes (nf4, int8) and fp8 are; ";
    private static final String PLAIN = "take the model in bfloat16, which {weights} packs as it is loaded";

    public Packing {
        plain = List.copyOf(plain);
    }

    /** All linear layers. */
    public static Packing of(PackedForm form) {
        return new Packing(form, List.of());
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
            return new Packing(PackedForm.INT8, plain);
        }
        String type = json.has("bnb_4bit_quant_type") ? json.text("bnb_4bit_quant_type") : "fp4"; // its default
        if (!type.equals("nf4")) {
            throw new BadInput(
                    json.file() + ": " + KEY + ".bnb_4bit_quant_type is " + JsonFile.shorten(type)
                            + ", which is not supported: nf4 is",
                    PLAIN);
        }
        return new Packing(PackedForm.NF4, plain);
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
        return new Packing(PackedForm.FP8, modules(json, "modules_to_not_convert"));
    }

    private static List<String> modules(JsonFile json, String key) {
        return json.has(key) ? json.texts(key, MOST_MODULES) : List.of();
    }

    /** Whether the weight of a module is packed. */
    boolean packs(String module) {
        return plain.stream()
                .noneMatch(name -> module.equals(name) || module.startsWith(name + ".") || module.endsWith("." + name));
    }
}
