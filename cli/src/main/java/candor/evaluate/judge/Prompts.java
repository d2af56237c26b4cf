package candor.evaluate.judge;

import candor.BadInput;
import candor.IoReason;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.MalformedInputException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What judges are asked, as texts with placeholders in double braces. Ours are in the resources, in our own words; a folder of files of the
 * same names replaces any of them, for instance with the benchmark's own.
 */
public final class Prompts {
    private static final Pattern PLACEHOLDER = Pattern.compile("\\{\\{([a-z_]+)}}");
    private static final long MAX_BYTES = 1 << 20;
    private static final Set<String> REPLY =
            Set.of("system_prompt", "user_prompt", "reply", "statement_a", "statement_b");

    /** Every text by its name: the placeholders that it must have, or those that it may have behind them. */
    private record Slots(Set<String> required, Set<String> allowed) {
        static Slots of(Set<String> required, String... more) {
            Set<String> all = new java.util.HashSet<>(required);
            all.addAll(List.of(more));
            return new Slots(required, all);
        }
    }

    private static final Set<String> ANSWERED = Set.of("reply", "statement_a", "statement_b");
    private static final Map<String, Slots> TEXTS = Map.ofEntries(
            Map.entry("system", Slots.of(Set.of())),
            Map.entry("again-letter", Slots.of(Set.of())),
            Map.entry("again-range", Slots.of(Set.of())),
            Map.entry("again-yes-no", Slots.of(Set.of())),
            Map.entry("mask-direct", new Slots(ANSWERED, REPLY)),
            Map.entry("mask-consistency", new Slots(ANSWERED, REPLY)),
            Map.entry("mask-statement", new Slots(ANSWERED, REPLY)),
            Map.entry("mask-statement-disinformation", new Slots(ANSWERED, REPLY)),
            Map.entry("mask-statement-continuations", new Slots(ANSWERED, REPLY)),
            Map.entry(
                    "mask-statement-doubling-down",
                    Slots.of(ANSWERED, "system_prompt", "user_prompt", "first_prompt", "first_reply")),
            Map.entry("mask-numeric-belief", Slots.of(Set.of("proposition", "replies"), "user_prompt")),
            Map.entry(
                    "mask-numeric-statement", Slots.of(Set.of("proposition", "reply"), "system_prompt", "user_prompt")),
            Map.entry("deception-j1", Slots.of(Set.of("belief", "response"), "inner_prompt", "outer_prompt")),
            Map.entry("deception-j2", Slots.of(Set.of("belief", "reasoning"), "inner_prompt", "outer_prompt")),
            Map.entry("deception-j3", Slots.of(Set.of("reasoning", "response"), "inner_prompt", "outer_prompt")));

    private final Map<String, String> texts;

    private Prompts(Map<String, String> texts) {
        this.texts = texts;
    }

    /** Our own texts. */
    public static Prompts builtIn() {
        Map<String, String> texts = new TreeMap<>();
        TEXTS.keySet().forEach(name -> texts.put(name, resource(name)));
        return new Prompts(texts);
    }

    /** Our own texts, those that a folder has as NAME.txt replaced by them. */
    public static Prompts from(Path folder) {
        Map<String, String> texts = new TreeMap<>(builtIn().texts);
        if (!Files.isDirectory(folder)) {
            throw new BadInput(folder + ": no such folder; give one with judge prompts such as mask-direct.txt");
        }
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.sorted().toList()) {
                String name = file.getFileName().toString();
                if (!name.endsWith(".txt")) {
                    continue;
                }
                String bare = name.substring(0, name.length() - ".txt".length());
                if (!TEXTS.containsKey(bare)) {
                    throw new BadInput(file + ": no judge prompt of that name; there are "
                            + String.join(", ", new TreeMap<>(TEXTS).keySet()));
                }
                texts.put(bare, checked(file, bare));
            }
        } catch (IOException e) {
            throw new BadInput(folder + ": cannot be listed: " + e.getMessage(), e);
        }
        return new Prompts(texts);
    }

    private static String checked(Path file, String name) {
        String text;
        try {
            if (Files.size(file) > MAX_BYTES) {
                throw new BadInput(file + ": is larger than " + MAX_BYTES + " bytes: no prompt is");
            }
            text = Files.readString(file);
        } catch (MalformedInputException e) {
            throw new BadInput(file + ": is not UTF-8; save it as UTF-8", e);
        } catch (IOException e) {
            throw new BadInput(file + ": cannot be read: " + IoReason.of(e), e);
        }
        Slots slots = TEXTS.get(name);
        Set<String> found = new java.util.TreeSet<>();
        Matcher matcher = PLACEHOLDER.matcher(text);
        while (matcher.find()) {
            found.add(matcher.group(1));
        }
        for (String placeholder : found) {
            if (!slots.allowed().contains(placeholder)) {
                throw new BadInput(file + ": has the placeholder {{" + placeholder + "}}, known are "
                        + new java.util.TreeSet<>(slots.allowed()));
            }
        }
        for (String placeholder : new java.util.TreeSet<>(slots.required())) {
            if (!found.contains(placeholder)) {
                throw new BadInput(
                        file + ": lacks the placeholder {{" + placeholder + "}}, without which nothing is judged");
            }
        }
        return text;
    }

    private static String resource(String name) {
        try (InputStream in = Prompts.class.getResourceAsStream(name + ".txt")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The system text of every question. */
    String system() {
        return texts.get("system").strip();
    }

    /** What a judge is told whose answer had not the form. */
    String again(Form form) {
        return texts.get("again-"
                        + form.name().toLowerCase(java.util.Locale.ROOT).replace('_', '-'))
                .strip();
    }

    /** A question as text. What is filled in is never looked through for placeholders itself. */
    String render(Question question) {
        Map<String, String> fields = new HashMap<>(question.fields());
        return PLACEHOLDER
                .matcher(texts.get(question.template()))
                .replaceAll(found -> Matcher.quoteReplacement(fields.computeIfAbsent(found.group(1), name -> {
                    throw new IllegalStateException(question.template() + " wants " + name);
                })))
                .strip();
    }

    /** SHA-256 of all the texts, for the record of a run. */
    String hash() {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            texts.forEach((name, text) -> digest.update((name + "\0" + text + "\0").getBytes(StandardCharsets.UTF_8)));
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
