package candor.generate;

import candor.io.JsonFile;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * How a model's makers would have it sampled: {@code generation_config.json}, as transformers reads it. What the file does not
 * say is neutral (transformers' own default of 50 for top_k is no advice of the model's makers, and is not taken).
 *
 * @param sample            {@code do_sample}; without it transformers decodes greedily, and temperature, topK and topP say nothing
 * @param temperature       1 where the file says nothing
 * @param topK              0 for all
 * @param topP              1 for all
 * @param repetitionPenalty 1 for none
 * @param maxNewTokens      0 where the file says nothing
 */
public record GenerationDefaults(
        boolean sample, double temperature, int topK, double topP, double repetitionPenalty, int maxNewTokens) {
    /** The file's name beside the weights. */
    public static final String FILE = "generation_config.json";

    /** Of a model without such a file. */
    public static final GenerationDefaults NONE = new GenerationDefaults(false, 1, 0, 1, 1, 0);

    /**
     * Reads the file of a model's folder; {@link #NONE} where there is none.
     *
     * @throws candor.BadInput for a value that sampling does not take, named with its file and key
     */
    public static GenerationDefaults of(Path model) {
        Path file = model.resolve(FILE);
        if (!Files.exists(file)) {
            return NONE;
        }
        JsonFile json = JsonFile.read(file);
        return new GenerationDefaults(
                json.bool("do_sample", false),
                json.number("temperature", 0, 100, NONE.temperature),
                json.integer("top_k", 0, Integer.MAX_VALUE, NONE.topK),
                json.number("top_p", Double.MIN_NORMAL, 1, NONE.topP),
                json.number("repetition_penalty", 0.01, 100, NONE.repetitionPenalty),
                json.integer("max_new_tokens", 1, 1 << 24, NONE.maxNewTokens));
    }

    /** The share of probability that is drawn from: 1 where nothing is drawn. */
    public double drawnTopP() {
        return sample ? topP : 1;
    }

    /** How many of the likeliest tokens are drawn from: 0, for all, where nothing is drawn. */
    public int drawnTopK() {
        return sample ? topK : 0;
    }
}
