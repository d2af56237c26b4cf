package candor.evaluate.judge;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Probabilities of short replies, from the most likely tokens that an endpoint shows for each place of the reply that it gave.
 *
 * <p>A choice that is one token is looked up among the likely first tokens. One that begins with the token that was chosen is
 * told from the second place: where numbers are written digit by digit, "1" may go on to "10". What begins with another first
 * token and goes on behind it cannot be told, and is taken for that token alone.
 */
final class FirstToken {
    private FirstToken() {}

    static Map<String, Double> choices(JsonNode logProbs, List<String> choices) {
        JsonNode places = logProbs.path("content");
        int at = 0;
        while (at < places.size() && places.path(at).path("token").asText("").isBlank()) {
            at++; // a blank or a line end before the answer
        }
        Map<String, Double> first = likely(places.path(at), true);
        Map<String, Double> found = new LinkedHashMap<>();
        choices.forEach(choice -> {
            if (first.containsKey(choice)) {
                found.put(choice, first.get(choice));
            }
        });
        String chosen = places.path(at).path("token").asText("").strip();
        Map<String, Double> second = likely(places.path(at + 1), false);
        double share = found.getOrDefault(chosen, 0.0);
        double left = share;
        for (String choice : choices) {
            boolean goesOn =
                    choice.length() > chosen.length() && choice.startsWith(chosen) && !first.containsKey(choice);
            if (goesOn && share > 0) {
                double more = share * second.getOrDefault(choice.substring(chosen.length()), 0.0);
                found.put(choice, more);
                left -= more;
            }
        }
        if (share > 0) {
            found.put(chosen, Math.max(0, left));
        }
        return found;
    }

    /** Tokens that are numbers of a probability, each with it; those that differ in blanks alone are one. */
    private static Map<String, Double> likely(JsonNode place, boolean strip) {
        Map<String, Double> likely = new LinkedHashMap<>();
        for (JsonNode top : place.path("top_logprobs")) {
            double logProb = top.path("logprob").asDouble(Double.NaN);
            if (logProb <= 0) {
                String token = top.path("token").asText("");
                likely.merge(strip ? token.strip() : token, Math.exp(logProb), Double::sum);
            }
        }
        return likely;
    }
}
