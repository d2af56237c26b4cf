package candor.evaluate.engine;

import candor.generate.GenerationDefaults;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;

/**
 * How tokens are chosen beyond what a benchmark says, which is the temperature and where a reply is cut. Benchmarks leave
 * these to the server; servers of open models take them from {@code generation_config.json} unless told not to.
 *
 * @param topP              share of probability that is drawn from, in (0, 1]; 1 for all
 * @param topK              how many of the likeliest tokens are drawn from; 0 for all
 * @param repetitionPenalty of tokens that the sequence holds already, prompt included; 1 for none
 */
public record Decoding(double topP, int topK, double repetitionPenalty) {
    /** Nothing beyond the benchmark's own. */
    public static final Decoding PLAIN = new Decoding(1, 0, 1);

    /**
     * What was given, else what the model's file says where it is asked, else nothing.
     *
     * @param given               each null where not given
     * @param fromGenerationConfig whether to ask the model's {@code generation_config.json}
     */
    public static Decoding of(Given given, boolean fromGenerationConfig, Path model) {
        GenerationDefaults defaults = fromGenerationConfig ? GenerationDefaults.of(model) : GenerationDefaults.NONE;
        return new Decoding(
                given.topP == null ? defaults.drawnTopP() : given.topP,
                given.topK == null ? defaults.drawnTopK() : given.topK,
                given.repetitionPenalty == null ? defaults.repetitionPenalty() : given.repetitionPenalty);
    }

    /** What a user gave; null for what was not given. */
    public record Given(Double topP, Integer topK, Double repetitionPenalty) {}

    /** For the records of an evaluation. */
    public ObjectNode json() {
        return JsonNodeFactory.instance
                .objectNode()
                .put("top_p", topP)
                .put("top_k", topK)
                .put("repetition_penalty", repetitionPenalty);
    }
}
