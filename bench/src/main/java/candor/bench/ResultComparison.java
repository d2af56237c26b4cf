package candor.bench;

import candor.BadInput;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.StreamSupport;
import org.apache.commons.statistics.descriptive.Mean;
import org.apache.commons.statistics.descriptive.Variance;
import org.apache.commons.statistics.distribution.TDistribution;

/**
 * Two files of results side by side: for each benchmark that both have, the ratio of the geometric means of their iterations,
 * with Welch's 95 % interval of the difference of the logarithms.
 */
final class ResultComparison {
    private static final double TAIL = 0.975;

    /** A ratio B / A and its interval. */
    record Ratio(double value, double low, double high) {}

    private ResultComparison() {}

    static String of(Path a, Path b) throws IOException {
        Map<String, JsonNode> first = read(a);
        Map<String, JsonNode> second = read(b);
        MarkdownTable table = new MarkdownTable("benchmark", "A", "B", "unit", "B / A", "95 % from", "to");
        for (Map.Entry<String, JsonNode> entry : first.entrySet()) {
            JsonNode before = entry.getValue().path("primaryMetric");
            JsonNode after = second.containsKey(entry.getKey())
                    ? second.get(entry.getKey()).path("primaryMetric")
                    : null;
            if (after == null) {
                continue;
            }
            Ratio ratio = ratio(logs(before), logs(after));
            table.add(
                    entry.getKey(),
                    Numbers.show(before.path("score").asDouble()),
                    Numbers.show(after.path("score").asDouble()),
                    before.path("scoreUnit").asText(),
                    three(ratio.value),
                    three(ratio.low),
                    three(ratio.high));
        }
        return table.toString();
    }

    private static String three(double value) {
        return String.format(Locale.ROOT, "%.3f", value);
    }

    /** @param a logarithms */
    static Ratio ratio(double[] a, double[] b) {
        double difference = Mean.of(b).getAsDouble() - Mean.of(a).getAsDouble();
        double va = Variance.of(a).getAsDouble() / a.length;
        double vb = Variance.of(b).getAsDouble() / b.length;
        double width = 0;
        if (va + vb > 0) {
            double degrees = (va + vb) * (va + vb) / (va * va / (a.length - 1) + vb * vb / (b.length - 1));
            width = TDistribution.of(degrees).inverseCumulativeProbability(TAIL) * Math.sqrt(va + vb);
        }
        return new Ratio(Math.exp(difference), Math.exp(difference - width), Math.exp(difference + width));
    }

    private static double[] logs(JsonNode metric) {
        return StreamSupport.stream(metric.path("rawData").spliterator(), false)
                .flatMap(fork -> StreamSupport.stream(fork.spliterator(), false))
                .mapToDouble(value -> Math.log(value.asDouble()))
                .toArray();
    }

    private static Map<String, JsonNode> read(Path file) throws IOException {
        if (!Files.isReadable(file)) {
            throw new BadInput("--compare " + file + ": no such file; give two .json files that bench wrote");
        }
        Map<String, JsonNode> results = new LinkedHashMap<>();
        try {
            for (JsonNode result : new ObjectMapper().readTree(file.toFile())) {
                results.put(key(result), result);
            }
        } catch (JsonProcessingException e) {
            throw new BadInput("--compare " + file + ": not JSON; give two .json files that bench wrote");
        }
        return results;
    }

    private static String key(JsonNode result) {
        String name = result.path("benchmark").asText();
        StringBuilder key = new StringBuilder(name.substring(name.lastIndexOf('.', name.lastIndexOf('.') - 1) + 1));
        result.path("params").properties().forEach(param -> key.append(' ')
                .append(param.getValue().asText()));
        return key.toString();
    }
}
