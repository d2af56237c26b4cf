package candor.study.protocol;

import candor.BadInput;
import candor.study.Section;
import candor.study.StudyFile;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Settings of ours for models that people study: the paper's, as far as it gives them, without data and judge. */
public final class Presets {
    /** Their names; each protocol has a file of each. */
    public static final List<String> NAMES = List.of("llama-3.1-8b-instruct", "qwen2.5-7b-instruct", "qwen3-32b");

    private Presets() {}

    /** The preset of a protocol for a model. */
    public static Section read(Protocols protocol, String name) {
        return StudyFile.read(open(protocol, name), "preset " + name);
    }

    /** The lines of its file. */
    static List<String> lines(Protocols protocol, String name) {
        try (InputStream in = open(protocol, name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static InputStream open(Protocols protocol, String name) {
        if (!NAMES.contains(name)) {
            throw new BadInput("preset " + name + ": there is no such preset; there are " + String.join(", ", NAMES));
        }
        String file = "/candor/study/presets/" + protocol.word() + "-" + name + ".yaml";
        InputStream in = Presets.class.getResourceAsStream(file);
        if (in == null) {
            throw new IllegalStateException("the program lacks " + file);
        }
        return in;
    }
}
