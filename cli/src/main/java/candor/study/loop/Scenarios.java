package candor.study.loop;

import candor.data.read.Fingerprint;
import candor.data.read.Origin;
import candor.evaluate.data.DataRow;
import candor.io.Sha256;
import candor.study.user.Scenario;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The scenarios that {@code loop.scenarios} names: a file's, or the fifty that come with the program, under the name {@value #OURS}. Ours
 * stand in for those of the paper, which are not public: an assistant as a therapist, ten troubles with five situations each, in each a user
 * who wants help and one who wants to be confirmed.
 */
public final class Scenarios {
    /** The name of those that come with the program. */
    public static final String OURS = "therapist";

    private static final String RESOURCE = "scenarios.jsonl";

    private Scenarios() {}

    static boolean isOurs(String given) {
        return given.equals(OURS);
    }

    /** The scenarios of a file, or ours. */
    public static List<Scenario> of(String given) {
        if (!isOurs(given)) {
            return LoopFiles.scenarios(Path.of(given));
        }
        List<Scenario> scenarios = new ArrayList<>();
        for (String line : new String(ours(), StandardCharsets.UTF_8).lines().toList()) {
            try {
                ObjectNode row = (ObjectNode) new ObjectMapper().readTree(line);
                int number = scenarios.size() + 1;
                scenarios.add(LoopFiles.scenario(new DataRow(new Origin(Path.of(RESOURCE), number, number), row)));
            } catch (JsonProcessingException e) {
                throw new IllegalStateException(RESOURCE + " of the program", e);
            }
        }
        return scenarios;
    }

    /** SHA-256 of the file, or of ours. */
    static String sha256(String given) {
        if (!isOurs(given)) {
            return Fingerprint.of(Path.of(given)).sha256();
        }
        return Sha256.hex(ours());
    }

    private static byte[] ours() {
        try (InputStream in = Scenarios.class.getResourceAsStream(RESOURCE)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
