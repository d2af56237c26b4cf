package candor.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.data.ExampleReader.Settings;
import candor.data.read.Origin;
import candor.data.read.RowReader;
import candor.text.ChatEncoder;
import candor.text.ChatTemplate;
import candor.text.SpecialTextPolicy;
import candor.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class DatasetTest {
    private static final LocalDateTime NOW = LocalDateTime.of(2026, 1, 1, 0, 0);

    /** Refuses two turns of one role behind each other, as Mistral's and Gemma's templates do. */
    private static final String ALTERNATING =
            "{% for m in messages %}{% if (m.role == 'user') != (loop.index0 % 2 == 0) %}"
                    + "{{ raise_exception('roles must alternate') }}{% endif %}"
                    + "<|start_header_id|>{{ m.role }}<|end_header_id|>\n\n{{ m.content }}<|eot_id|>{% endfor %}"
                    + "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}";

    private static Tokenizer tokenizer;

    @TempDir
    Path folder;

    @BeforeAll
    static void load() {
        tokenizer = Tokenizer.load(Path.of(System.getProperty("candor.goldens"), "llama3", "model"));
    }

    private static ChatRowEncoder encoder(LossOn lossOn) {
        return encoder(lossOn, ALTERNATING);
    }

    private static ChatRowEncoder encoder(LossOn lossOn, String source) {
        ChatTemplate template = ChatTemplate.of("alternating", source, Map.of(), NOW);
        return new ChatRowEncoder(new ChatEncoder(tokenizer, template, SpecialTextPolicy.REFUSE), lossOn);
    }

    private Path file(String... lines) throws IOException {
        return Files.writeString(folder.resolve("rows.jsonl"), String.join("\n", lines));
    }

    private static Dataset encode(
            Path file, RowKind kind, boolean skip, RowEncoder encoder, int maxLength, int threads) {
        try (ExampleReader reader =
                ExampleReader.open(List.of(file), new Settings(kind, skip, RowReader.DEFAULT_MAX_ROW_BYTES))) {
            return Dataset.encode(
                    reader.iterator(),
                    encoder,
                    new Dataset.Settings(Truncation.TRL, maxLength, skip, kind.group(), threads));
        }
    }

    private static String chat(String... contents) {
        StringBuilder row = new StringBuilder("{\"messages\":[");
        for (int i = 0; i < contents.length; i++) {
            row.append(i == 0 ? "" : ",")
                    .append("{\"role\":\"")
                    .append(i % 2 == 0 ? "user" : "assistant")
                    .append("\",\"content\":\"")
                    .append(contents[i])
                    .append("\"}");
        }
        return row.append("]}").toString();
    }

    @Test
    void aSplitPartsTheRowsAndNumbersThemAnew() throws IOException {
        String[] rows = IntStream.range(0, 10)
                .mapToObj(i -> chat("hello " + i, "yes " + i))
                .toArray(String[]::new);
        Dataset data = encode(file(rows), RowKind.PLAIN, false, encoder(LossOn.COMPLETION), 100, 1);
        Dataset.Parts parts = data.split(0.3, 5);
        assertThat(parts.train().size()).isEqualTo(7);
        assertThat(parts.heldOut().size()).isEqualTo(3);
        List<Origin> origins = IntStream.range(0, 10).mapToObj(data::origin).toList();
        List<Origin> seen = new ArrayList<>();
        for (Dataset part : List.of(parts.train(), parts.heldOut())) {
            for (int row = 0; row < part.size(); row++) {
                assertThat(part.row(row).row()).isEqualTo(row);
                int whole = origins.indexOf(part.origin(row));
                assertThat(part.row(row).ids()).isEqualTo(data.row(whole).ids());
                seen.add(part.origin(row));
            }
        }
        assertThat(seen).containsExactlyInAnyOrderElementsOf(origins);
        assertThat(data.split(0.3, 5).heldOut().origin(0))
                .isEqualTo(parts.heldOut().origin(0));
        assertThat(IntStream.range(0, 20)
                        .mapToObj(seed -> data.split(0.3, seed).heldOut().origin(0))
                        .distinct()
                        .count())
                .isGreaterThan(1);
        assertThatThrownBy(() -> data.split(0.04, 5))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("hold out more");
    }

    @Test
    void whatTheTemplateForbidsIsNamedWithItsLineOrSkipped() throws IOException {
        Path file = file(
                chat("hello", "yes"),
                "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"user\",\"content\":\"b\"},"
                        + "{\"role\":\"assistant\",\"content\":\"c\"}]}",
                chat("is <|eot_id|> text?", "no"),
                "broken",
                chat("{{ 7*7 }}", "a\\u0000b"));
        assertThatThrownBy(() -> encode(file, RowKind.PLAIN, false, encoder(LossOn.COMPLETION), 99, 2))
                .isInstanceOf(BadInput.class)
                .hasMessageStartingWith(file + ", line 2: ")
                .hasMessageContaining("roles must alternate")
                .hasMessageEndingWith("skip_bad_rows");
        Dataset dataset = encode(file, RowKind.PLAIN, true, encoder(LossOn.COMPLETION), 99, 2);
        assertThat(IntStream.range(0, dataset.size()).mapToObj(dataset::origin))
                .containsExactly(new Origin(file, 1, 1), new Origin(file, 5, 5));
        assertThat(dataset.skipped().count())
                .as("those that could not be encoded")
                .isEqualTo(2);
        assertThat(dataset.skipped().reasons().getLast())
                .startsWith(file + ", line 3: ")
                .contains("<|eot_id|>");
        String text = tokenizer.decode(dataset.row(1).ids(), false);
        assertThat(text).contains("{{ 7*7 }}").contains("a\0b");
    }

    @Test
    void everyReplyOrEveryTokenIsLearnt() throws IOException {
        Path file = file(chat("one", "two", "three", "four"));
        EncodedRow replies = encode(file, RowKind.PLAIN, false, encoder(LossOn.COMPLETION), 999, 1)
                .row(0);
        List<Integer> learnt = new ArrayList<>();
        for (int t = 0; t < replies.length(); t++) {
            if (replies.target()[t]) {
                learnt.add(replies.ids()[t]);
            }
        }
        assertThat(tokenizer.decode(learnt.stream().mapToInt(Integer::intValue).toArray(), false))
                .isEqualTo("two<|eot_id|>four<|eot_id|>");
        assertThat(replies.target()[replies.promptLength()]).isTrue();
        assertThat(replies.target()[replies.promptLength() - 1]).isFalse();
        EncodedRow all =
                encode(file, RowKind.PLAIN, false, encoder(LossOn.ALL), 999, 1).row(0);
        assertThat(all.ids()).isEqualTo(replies.ids());
        assertThat(all.targets()).isEqualTo(all.length() - 1);
    }

    @Test
    void rowsWithNothingLeftToLearnAreLeftOutAndCounted() throws IOException {
        String longPrompt = "word ".repeat(50);
        Path file = file(chat("hi", "yes"), chat(longPrompt, "no"), chat("hi", longPrompt));
        Dataset whole = encode(file, RowKind.PLAIN, false, encoder(LossOn.COMPLETION), 4096, 2);
        Dataset cut = encode(file, RowKind.PLAIN, false, encoder(LossOn.COMPLETION), 30, 2);
        assertThat(whole.size()).isEqualTo(3);
        assertThat(whole.cutRows()).isZero();
        assertThat(cut.size()).isEqualTo(2);
        assertThat(cut.cutRows()).isEqualTo(1);
        assertThat(cut.withoutTarget().reasons())
                .hasSize(1)
                .first()
                .asString()
                .startsWith(file + ", line 2: nothing to learn");
        assertThat(cut.origin(1).line()).isEqualTo(3);
        assertThat(cut.row(1).row()).as("numbered without those left out").isEqualTo(1);
        assertThat(cut.lengths()).containsExactly(whole.lengths()[0], 30);
        assertThatThrownBy(() -> encode(file, RowKind.PLAIN, false, encoder(LossOn.COMPLETION), 3, 2))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("3 had nothing to learn within 3 tokens");
    }

    @Test
    void aPairedCompletionIsNotCutByItsOwnPrompt() throws IOException {
        String reply = "word ".repeat(20).strip();
        Path file = file(
                "{\"prompt\":\"a\",\"completion\":\" b\",\"label\":true}",
                "{\"prompt\":\"" + reply + "\",\"completion\":\" " + reply + "\",\"label\":false}");
        Dataset whole = encode(file, RowKind.LABELLED, false, encoder(LossOn.COMPLETION), 4096, 1);
        EncodedRow longRow = whole.row(1);
        int maxLength = longRow.promptLength() + 2;
        Dataset dataset = encode(file, RowKind.LABELLED, false, encoder(LossOn.COMPLETION), maxLength, 1);
        assertThat(dataset.row(1).length()).isEqualTo(maxLength);
        EncodedRow pair = dataset.pair(0, 1);
        EncodedRow expected = Truncation.TRL.apply(whole.row(0).withCompletionOf(longRow), maxLength);
        assertThat(pair).isEqualTo(expected);
        assertThat(pair.length() - pair.promptLength())
                .as("more than the 2 that its own prompt leaves it")
                .isGreaterThan(2);
        assertThat(dataset.row(0).label()).isTrue();
    }

    private static String preference(String prompt, String chosen, String rejected) {
        return "{\"prompt\":\"" + prompt + "\",\"chosen\":\"" + chosen + "\",\"rejected\":\"" + rejected + "\"}";
    }

    /** For an objective that compares them, and for one that has become two rows of them. */
    @ParameterizedTest
    @EnumSource(names = {"LABELLED", "PAIRED"})
    void chosenAndRejectedStayTogetherInASplit(RowKind kind) throws IOException {
        String[] rows = IntStream.range(0, 12)
                .mapToObj(i -> preference("p" + i, " good " + i, " bad " + i))
                .toArray(String[]::new);
        Dataset data = encode(file(rows), kind, false, encoder(LossOn.COMPLETION), 100, 1);
        assertThat(data.size()).isEqualTo(24);
        for (int seed = 0; seed < 5; seed++) {
            Dataset.Parts parts = data.split(0.25, seed);
            assertThat(parts.heldOut().size()).isEqualTo(6);
            for (Dataset part : List.of(parts.train(), parts.heldOut())) {
                Map<Origin, List<Boolean>> labels = new LinkedHashMap<>();
                for (int row = 0; row < part.size(); row++) {
                    labels.computeIfAbsent(part.origin(row), _ -> new ArrayList<>())
                            .add(part.row(row).label());
                }
                assertThat(labels.values()).allMatch(List.of(true, false)::equals);
            }
        }
    }

    @Test
    void aPairIsKeptOrLeftOutWhole() throws IOException {
        String longPrompt = "word ".repeat(50);
        Path file = file(
                preference("a", " yes", " no"),
                preference(longPrompt, " yes", " no"),
                preference("b", " is <|eot_id|> text?", " no"),
                preference("c", " no", " a<|eot_id|>b"),
                preference("d", " " + longPrompt, " no"),
                "{\"prompt\":\"a\",\"chosen\":\" b\"}",
                preference("same", " text", " text"),
                preference("e", " yes", " no"));
        Dataset data = encode(file, RowKind.PAIRED, true, encoder(LossOn.COMPLETION), 30, 2);
        assertThat(IntStream.range(0, data.size())
                        .mapToObj(row -> data.origin(row).line()))
                .containsExactly(1L, 1L, 5L, 5L, 8L, 8L);
        assertThat(IntStream.range(0, data.size()).mapToObj(row -> data.row(row).label()))
                .containsExactly(true, false, true, false, true, false);
        assertThat(data.skipped().count()).as("lines 3 and 4").isEqualTo(2);
        assertThat(data.withoutTarget().count()).as("line 2").isEqualTo(1);
        assertThat(data.cutRows()).isEqualTo(1);
    }

    /** Those that cannot be read, and those that cannot be encoded: both are left out, and both are counted. */
    @Test
    void allRowsLeftOutAreCounted() throws IOException {
        Dataset.Settings settings = new Dataset.Settings(Truncation.TRL, 30, true, 2, 1);
        RowEncoder encoder = encoder(LossOn.COMPLETION);
        Path some = file(preference("a", " yes", " no"), "no JSON", preference("b", " same", " same"));
        try (ExampleReader reader = ExampleReader.open(
                List.of(some), new Settings(RowKind.PAIRED, true, RowReader.DEFAULT_MAX_ROW_BYTES))) {
            Dataset data = Dataset.encode(reader, encoder, settings);
            assertThat(data.size()).isEqualTo(2);
            assertThat(data.skipped().count()).isEqualTo(2);
            assertThat(data.skipped().reasons().getLast()).startsWith(some + ", line 3: ");
        }
        Path none = file(preference("b", " same", " same"));
        try (ExampleReader reader = ExampleReader.open(
                List.of(none), new Settings(RowKind.PAIRED, true, RowReader.DEFAULT_MAX_ROW_BYTES))) {
            assertThatThrownBy(() -> Dataset.encode(reader, encoder, settings))
                    .isInstanceOf(BadInput.class)
                    .hasMessage(List.of(none)
                            + ": there is no row to learn from: 1 could not be used, 0 had nothing to learn within 30"
                            + " tokens; the first: " + none
                            + ", line 1: 'chosen' and 'rejected' are the same, so there is nothing to prefer");
        }
    }

    /** What they differ in is behind the length. */
    @Test
    void aPairThatBecomesTheSameByCuttingIsLeftOut() throws IOException {
        Path file = file(
                preference("a", " same".repeat(30) + " b", " same".repeat(30) + " c"), preference("d", " yes", " no"));
        Dataset data = encode(file, RowKind.PAIRED, false, encoder(LossOn.COMPLETION), 30, 1);
        assertThat(data.size()).isEqualTo(2);
        assertThat(data.origin(0).line()).isEqualTo(2);
        assertThat(data.withoutTarget().reasons())
                .containsExactly(file + ", line 1: 'chosen' and 'rejected' are the same, cut to 30 tokens");
    }

    /** Here the template trims. */
    @Test
    void completionsThatBecomeTheSameTokensAreRefused() throws IOException {
        String messages = "[{\"role\":\"assistant\",\"content\":\"REPLY\"}]";
        Path file = file("{\"prompt\":[{\"role\":\"user\",\"content\":\"a\"}],\"chosen\":"
                + messages.replace("REPLY", "b") + ",\"rejected\":" + messages.replace("REPLY", "b ") + "}");
        ChatRowEncoder trimming =
                encoder(LossOn.COMPLETION, ALTERNATING.replace("{{ m.content }}", "{{ m.content | trim }}"));
        assertThatThrownBy(() -> encode(file, RowKind.PAIRED, false, trimming, 99, 1))
                .isInstanceOf(BadInput.class)
                .hasMessage(file
                        + ", line 1: 'chosen' and 'rejected' become the same tokens, so there is nothing to prefer;"
                        + " fix the row, or leave such rows out with skip_bad_rows");
    }

    @Test
    void threadsMakeNoDifference() throws IOException {
        List<String> rows = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            rows.add(chat("word ".repeat(i % 17) + i, "so " + i));
        }
        Path file = file(rows.toArray(String[]::new));
        List<List<EncodedRow>> sets = new ArrayList<>();
        for (int threads : new int[] {1, 2, 5}) {
            Dataset dataset = encode(file, RowKind.PLAIN, false, encoder(LossOn.COMPLETION), 60, threads);
            sets.add(IntStream.range(0, dataset.size()).mapToObj(dataset::row).toList());
        }
        assertThat(sets.get(0)).hasSizeBetween(200, 300);
        assertThat(sets.get(1)).isEqualTo(sets.get(0));
        assertThat(sets.get(2)).isEqualTo(sets.get(0));
    }

    @Test
    void whatIsNotToBeLearntIsNeverATarget() throws IOException {
        String turn = "{\"role\":\"user\",\"content\":\"u\"},{\"role\":\"assistant\",\"content\":\"a\"WEIGHT}";
        Path weighted = file(
                "{\"messages\":[" + turn.replace("WEIGHT", ",\"weight\":0") + "," + turn.replace("WEIGHT", "") + "]}");
        EncodedRow last = encode(weighted, RowKind.PLAIN, false, encoder(LossOn.COMPLETION), 64, 1)
                .row(0);
        EncodedRow all = encode(weighted, RowKind.PLAIN, false, encoder(LossOn.ALL), 64, 1)
                .row(0);
        Path both = file("{\"messages\":[" + turn.replace("WEIGHT", "") + "," + turn.replace("WEIGHT", "") + "]}");
        EncodedRow whole = encode(both, RowKind.PLAIN, false, encoder(LossOn.COMPLETION), 64, 1)
                .row(0);
        assertThat(last.ids()).as("what the model reads is the same").isEqualTo(whole.ids());
        assertThat(last.targets()).isEqualTo(2);
        assertThat(whole.targets()).isEqualTo(4);
        assertThat(all.targets())
                .as("every token but the first and the two of the reply")
                .isEqualTo(all.length() - 3);
    }

    @Test
    void aTextsTargetsAreAllButItsFirstToken() throws IOException {
        Path text = file("{\"text\":\"What? That.\"}");
        try (ExampleReader reader = ExampleReader.open(List.of(text), Settings.plain())) {
            Dataset data = Dataset.encode(
                    reader, encoder(LossOn.COMPLETION), new Dataset.Settings(Truncation.TRL, 64, false, 1, 1));
            assertThat(data.row(0).targets()).isEqualTo(data.row(0).length() - 1);
            assertThat(data.row(0).promptLength()).isZero();
            assertThat(data.notes()).singleElement().asString().startsWith("rows of 'text' are learnt");
        }
    }
}
