package candor.evaluate.judge;

import candor.BadInput;
import candor.io.IoReason;
import candor.io.Sha256;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.MalformedInputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Texts with placeholders in double braces, by name. Ours are in the resources beside the class that uses them; a folder of
 * files NAME.txt replaces any of them, and a file with another name, or with placeholders that do not fit, is refused.
 */
public final class PromptTexts {
    private static final Pattern PLACEHOLDER = Pattern.compile("\\{\\{([a-z_]+)}}");
    private static final long MAX_BYTES = 1 << 20;

    /** The placeholders that a text must have, and all that it may have. */
    public record Slots(Set<String> required, Set<String> allowed) {
        public static Slots of(Set<String> required, String... more) {
            Set<String> all = new HashSet<>(required);
            all.addAll(List.of(more));
            return new Slots(required, all);
        }
    }

    private final Map<String, String> texts;

    private PromptTexts(Map<String, String> texts) {
        this.texts = texts;
    }

    /** The texts of the resources beside a class. */
    public static PromptTexts builtIn(Class<?> owner, Map<String, Slots> slots) {
        Map<String, String> texts = new TreeMap<>();
        slots.keySet().forEach(name -> texts.put(name, resource(owner, name)));
        return new PromptTexts(texts);
    }

    /**
     * The same, those that a folder has replaced by it.
     *
     * @param kind what such a text is called in messages
     */
    public static PromptTexts from(Path folder, String kind, Class<?> owner, Map<String, Slots> slots) {
        Map<String, String> texts = new TreeMap<>(builtIn(owner, slots).texts);
        if (!Files.isDirectory(folder)) {
            throw new BadInput(folder + ": no such folder; give one with files such as "
                    + slots.keySet().stream().max(String::compareTo).orElseThrow() + ".txt, each a " + kind);
        }
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.sorted().toList()) {
                String name = file.getFileName().toString();
                if (!name.endsWith(".txt")) {
                    continue;
                }
                String bare = name.substring(0, name.length() - ".txt".length());
                if (!slots.containsKey(bare)) {
                    throw new BadInput(file + ": no " + kind + " of that name; there are "
                            + String.join(", ", new TreeSet<>(slots.keySet())));
                }
                texts.put(bare, checked(file, slots.get(bare)));
            }
        } catch (IOException e) {
            throw new BadInput(folder + ": cannot be listed: " + IoReason.of(e), e);
        }
        return new PromptTexts(texts);
    }

    private static String checked(Path file, Slots slots) {
        String text;
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw new BadInput(file + ": is larger than " + MAX_BYTES + " bytes: no prompt is");
            }
            text = Files.readString(file);
            text = text.startsWith("\ufeff") ? text.substring(1) : text; // a byte order mark is no part of a prompt
        } catch (MalformedInputException e) {
            throw new BadInput(file + ": is not UTF-8; save it as UTF-8", e);
        } catch (IOException e) {
            throw new BadInput(file + ": cannot be read: " + IoReason.of(e), e);
        }
        Set<String> found = new TreeSet<>();
        Matcher matcher = PLACEHOLDER.matcher(text);
        while (matcher.find()) {
            found.add(matcher.group(1));
        }
        for (String placeholder : found) {
            if (!slots.allowed().contains(placeholder)) {
                throw new BadInput(file + ": has the placeholder {{" + placeholder + "}}, known are "
                        + new TreeSet<>(slots.allowed()));
            }
        }
        for (String placeholder : new TreeSet<>(slots.required())) {
            if (!found.contains(placeholder)) {
                throw new BadInput(
                        file + ": lacks the placeholder {{" + placeholder + "}}, without which it says nothing");
            }
        }
        return text;
    }

    private static String resource(Class<?> owner, String name) {
        try (InputStream in = owner.getResourceAsStream(name + ".txt")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A text without placeholders. */
    public String text(String name) {
        return texts.get(name).strip();
    }

    /** A text with its placeholders filled in. What is filled in is never looked through for placeholders itself. */
    public String render(String name, Map<String, String> fields) {
        return PLACEHOLDER
                .matcher(texts.get(name))
                .replaceAll(found -> {
                    String value = fields.get(found.group(1));
                    if (value == null) {
                        throw new IllegalStateException(name + " wants " + found.group(1));
                    }
                    return Matcher.quoteReplacement(value);
                })
                .strip();
    }

    /** SHA-256 of all the texts, for the record of a run. */
    public String hash() {
        Sha256 sum = new Sha256();
        texts.forEach((name, text) -> sum.add(name + "\0" + text + "\0"));
        return sum.hex();
    }
}
