package candor.evaluate.gsm8k;

import candor.BadInput;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Worked examples before the question.
 *
 * @param worked in the order in which the model reads them
 * @param source where they come from, for the record
 */
record Examples(List<Example> worked, String source) {
    static final Examples NONE = new Examples(List.of(), "none");

    /** A question and its answer, worked out. */
    record Example(String question, String answer) {}

    Examples {
        worked = List.copyOf(worked);
    }

    /** The first of a training split, with their answers as they stand. */
    static Examples of(List<Gsm8kTask.Problem> problems, int shots) {
        if (problems.size() < shots) {
            throw new BadInput(
                    "the training split has " + problems.size() + " rows, expected " + shots,
                    "give more as {fewshot_data} or lower {num_fewshot}");
        }
        return new Examples(
                problems.subList(0, shots).stream()
                        .map(problem -> new Example(problem.question(), problem.answer()))
                        .toList(),
                "fewshot_data");
    }

    /** Ours: four, of the form of OpenCompass's fixed ones, each answer ending in "The answer is N". */
    static Examples builtIn(int shots) {
        List<Example> all = new ArrayList<>();
        try (InputStream in = Examples.class.getResourceAsStream("examples.json")) {
            for (JsonNode one : new ObjectMapper().readTree(in)) {
                all.add(new Example(
                        one.path("question").asText(), one.path("answer").asText()));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        if (shots > all.size()) {
            throw new BadInput(
                    shots + " examples are asked for, and the program has " + all.size() + " of its own",
                    "give more as {fewshot_data}, the training split, or lower {num_fewshot}");
        }
        return new Examples(all.subList(0, shots), "own");
    }
}
