package candor.study.record;

import candor.BadInput;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * One arm of a study: a way to treat the model, repeated under several seeds.
 *
 * @param name also the name of its folder: letters, digits, dots, dashes, underscores
 * @param label for people
 * @param domain of the narrow data
 * @param ratio misaligned rows relative to the everyday ones
 * @param share of the users that are biased
 * @param seeds seed s trains with s and is evaluated with s; an arm without training has those of the evaluation
 */
public record Arm(
        String name,
        String label,
        Role role,
        Optional<String> domain,
        Optional<Double> ratio,
        Optional<Double> share,
        Optional<Method> method,
        List<Long> seeds) {
    /** The name and the label of the arm that is the base model. */
    public static final String BASE = "base";

    public static final String BASE_LABEL = "base model";

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,99}");

    public Arm {
        if (!NAME.matcher(name).matches()) {
            throw new BadInput("an arm is named '" + name + "': use at most 100 letters, digits, dots, dashes and"
                    + " underscores, the first a letter or a digit");
        }
        seeds = List.copyOf(seeds);
        if (seeds.isEmpty() || seeds.stream().distinct().count() != seeds.size()) {
            throw new BadInput("arm " + name + " has the seeds " + seeds + ": give at least one, each once");
        }
    }

    ObjectNode json() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("name", name).put("label", label).put("role", Fields.word(role));
        json.put("domain", domain.orElse(null)).put("ratio", ratio.orElse(null)).put("share", share.orElse(null));
        json.put("method", method.map(Fields::word).orElse(null));
        ArrayNode list = json.putArray("seeds");
        seeds.forEach(list::add);
        return json;
    }

    static Arm read(Fields fields) {
        return fields.placed(() -> new Arm(
                Role.isVanilla(fields) ? BASE : fields.text("name"),
                Role.isVanilla(fields) ? BASE_LABEL : fields.text("label"),
                Role.read(fields),
                fields.optionalText("domain"),
                fields.optionalNumber("ratio"),
                fields.optionalNumber("share"),
                fields.optionalWord("method", Method.class),
                fields.longs("seeds")));
    }
}
