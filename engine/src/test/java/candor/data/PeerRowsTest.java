package candor.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.data.Example.Chat;
import candor.data.Example.PlainText;
import candor.data.Example.PromptAndCompletion;
import candor.data.Example.WholeText;
import candor.data.ExampleReader.Settings;
import candor.data.read.RowReader;
import candor.text.Conversation;
import candor.text.Message;
import com.jerolba.carpet.CarpetWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Rows as OpenAI's, TRL's, LLaMA-Factory's and other tools write them: what a key means there holds here, or is refused. */
class PeerRowsTest {
    private static final Settings PLAIN = Settings.plain();
    private static final Settings LABELLED = new Settings(RowKind.LABELLED, false, RowReader.DEFAULT_MAX_ROW_BYTES);
    private static final Message U = Message.of("user", "u");
    private static final Message A = Message.of("assistant", "a");

    @TempDir
    private Path folder;

    private List<Example> read(Settings settings, String... rows) throws IOException {
        List<String> lines = new ArrayList<>();
        for (String row : rows) {
            lines.add(row.replace('\'', '"'));
        }
        return ExampleReader.readAll(List.of(Files.write(folder.resolve("rows.jsonl"), lines)), settings);
    }

    private List<Message> messages(String row) throws IOException {
        return ((Chat) read(PLAIN, row).getFirst().content()).conversation().messages();
    }

    private static PromptAndCompletion pair(List<Message> prompt, Message... completion) {
        return new PromptAndCompletion(new Conversation(prompt), List.of(completion));
    }

    @Test
    void aReplyOfWeightZeroIsNotLearnt() throws IOException {
        String row = "{'messages':[{'role':'user','content':'u'},{'role':'assistant','content':'a',MARK},"
                + "{'role':'user','content':'u'},{'role':'assistant','content':'a'}]}";
        for (String mark : List.of("'weight':0", "'weight':0.0", "'weight':'0'", "'train':false", "'loss':false")) {
            assertThat(messages(row.replace("MARK", mark))).as(mark).containsExactly(U, A.unlearnt(), U, A);
        }
        for (String mark : List.of("'weight':1", "'weight':null", "'train_on_turn':true", "'weight':1,'train':true")) {
            assertThat(messages(row.replace("MARK", mark))).as(mark).containsExactly(U, A, U, A);
        }
        assertThat(messages("{'conversations':[{'from':'human','value':'u','weight':0},{'from':'gpt','value':'a'},"
                        + "{'from':'human','value':'u'},{'from':'gpt','value':'a','weight':0}]}"))
                .containsExactly(U, A, U, A.unlearnt());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'role':'assistant','content':'a','weight':0.5} | 'weight' of message 2 of 'messages' is 0.5, expected 1 or 0",
                "{'role':'assistant','content':'a','weight':[1]} | 'weight' of message 2 of 'messages' is a list, expected 1 or 0",
                "{'role':'assistant','content':'a','weight':1,'train':false} | 'train' of message 2 of 'messages' says the opposite",
                "{'role':'assistant','content':'a','loss_mask':1} | 'loss_mask' of message 2 of 'messages' has no meaning here; say by 'weight'",
                "{'role':'assistant','content':'a','trainDetail':[]} | 'trainDetail' of message 2 of 'messages' has no meaning here",
                "{'role':'assistant','content':'a','weight':0} | has weight 0 at every assistant turn",
                "{'role':'user','content':'a','weight':1} | asks to learn what the assistant does not say",
                "{'role':'assistant','content':[]} | the content of message 2 of 'messages' is an empty list",
                "{'role':'assistant','content':['a']} | part 1 of the content of message 2 of 'messages' is the text 'a', expected an object",
                "{'role':'assistant','content':[{'type':'text','text':'a'},{'type':'image_url','image_url':{'url':'x'}}]} "
                        + "| part 2 of the content of message 2 of 'messages' is of type 'image_url'; these models read nothing but text",
                "{'role':'assistant','content':[{'type':'text','text':'a','image':'x'}]} | has 'image' beside its text",
                "{'role':'function','content':'a'} | has the unknown role 'function'",
                "{'from':'function_call','value':'a'} | message 2 of 'messages' is text, expected a call (its text is not valid JSON",
                "{'from':'function_call','value':'{}'} | message 2 of 'messages' is not a function call",
                "{'from':'function_call'} | message 2 of 'messages' is not a function call",
            })
    void messagesThatSayWhatCannotBeDoneAreRefused(String message, String problem) {
        assertThatThrownBy(() -> messages("{'messages':[{'role':'user','content':'u'}," + message + "]}"))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining(problem);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "'weight':0.5 | 'weight' of the row is 0.5, but rows have no weights here",
                "'weight':0 | 'weight' of the row is 0, but rows have no weights here",
                "'images':['x.png'] | has 'images', which is not read here; these models read nothing but text",
                "'functions':[{'name':'f'}] | has 'functions', which is not read here; write 'tools' and 'tool_calls'",
                "'loss_mask':[0,1] | has 'loss_mask', which is not read here; say by a message's 'weight'",
                "'history':[['a']] | pair 1 of 'history' is a list, expected a question and its answer",
                "'system':'s','system_prompt':'t' | has both 'system' and 'system_prompt', and they differ",
                "'chat_template_kwargs':[] | 'chat_template_kwargs' is not an object",
            })
    void rowsThatSayWhatCannotBeDoneAreRefused(String column, String problem) {
        assertThatThrownBy(() -> read(
                        PLAIN,
                        "{'messages':[{'role':'user','content':'u'},{'role':'assistant','content':'a'}]," + column
                                + "}"))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining(problem);
    }

    @Test
    void partsOfTextAreOneText() throws IOException {
        assertThat(
                        messages(
                                "{'messages':[{'role':'user','content':[{'type':'text','text':'u'}]},{'role':'assistant','content':"
                                        + "[{'type':'output_text','text':'a','annotations':[],'image_url':null},{'type':'text','text':' b'}]}]}"))
                .containsExactly(U, Message.of("assistant", "a b"));
    }

    @Test
    void shareGptWithToolsAsLlamaFactoryWritesIt() throws IOException {
        Example example = read(
                        PLAIN,
                        "{'conversations':[{'from':'human','value':'u'},{'from':'function_call','value':"
                                + "'{\\'name\\':\\'f\\',\\'arguments\\':{\\'x\\':1}}'},{'from':'observation','value':'r'},"
                                + "{'from':'gpt','value':'a'}],'system':'s','tools':'[{\\'name\\':\\'f\\'}]'}")
                .getFirst();
        Conversation read = ((Chat) example.content()).conversation();
        Map<String, Object> call =
                Map.of("type", "function", "function", Map.of("name", "f", "arguments", Map.of("x", 1L)));
        assertThat(read.tools()).containsExactly(Map.of("name", "f"));
        assertThat(read.messages()).hasSize(5).contains(Message.of("system", "s"), Message.of("tool", "r"), A);
        assertThat(read.messages().get(2).fields())
                .containsEntry("role", "assistant")
                .containsEntry("tool_calls", List.of(call));
    }

    @Test
    void systemTextAndEarlierTurnsStandBeforeTheRowsOwn() throws IOException {
        assertThat(messages("{'instruction':'u','input':'','output':'a','system':'s','history':[['q','r'],['u','a']]}"))
                .containsExactly(
                        Message.of("system", "s"), Message.of("user", "q"), Message.of("assistant", "r"), U, A, U, A);
        assertThat(messages("{'instruction':'u','output':'a','system':'','history':[]}"))
                .containsExactly(U, A);
    }

    @Test
    void aTextIsLearntWholeAndThatIsSaidOnce() throws IOException {
        Path file = Files.write(folder.resolve("t.csv"), List.of("id,text", "1,one", "2,two"));
        try (ExampleReader reader = ExampleReader.open(List.of(file), PLAIN)) {
            assertThat(reader.next().content()).isEqualTo(new WholeText("one"));
            assertThat(reader.next().content()).isEqualTo(new WholeText("two"));
            assertThat(reader.next()).isNull();
            assertThat(reader.notes())
                    .containsExactly(
                            "rows of 'text' are learnt from their first token to their end token; there is no prompt in them",
                            "ignored columns: id");
        }
        assertThatThrownBy(() -> read(PLAIN, "{'text':''}")).hasMessageContaining("'text' is empty");
        assertThatThrownBy(() -> read(PLAIN, "{'text':'a','system':'s'}"))
                .hasMessageContaining("has 'system' beside plain text");
        assertThatThrownBy(() -> read(LABELLED, "{'text':'a','label':true}"))
                .hasMessageContaining("'text' has no completion that 'label' could judge");
    }

    @Test
    void whatNobodyLooksAtIsSaidOnce() throws IOException {
        String row =
                "{'messages':[{'role':'user','content':'u','id':1},{'role':'assistant','content':'a','source':'s'}],"
                        + "'label':false,'timestamp':7}";
        Path file = Files.write(folder.resolve("n.jsonl"), List.of(row.replace('\'', '"'), row.replace('\'', '"')));
        try (ExampleReader reader = ExampleReader.open(List.of(file), PLAIN)) {
            reader.iterator().forEachRemaining(example -> {});
            assertThat(reader.notes())
                    .containsExactly(
                            "labels are ignored: every row is learnt, also those labelled false; KTO is what learns labels",
                            "ignored columns: timestamp",
                            "fields of messages that only a template could look at: id, source");
        }
        try (ExampleReader reader = ExampleReader.open(List.of(file), LABELLED)) {
            reader.iterator().forEachRemaining(example -> {});
            assertThat(reader.notes()).noneMatch(note -> note.contains("label"));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"true", "1", "'1'", "'TRUE'", "'True'", "1.0", "' true '"})
    void labelsInEveryForm(String truth) throws Exception {
        String opposite = truth.replaceAll("(?i)true", "False").replace("1", "0");
        opposite = opposite.equals("False") ? "false" : opposite;
        for (String column : List.of("label", "kto_tag")) {
            String row = "{'prompt':'p','completion':'c','" + column + "':LABEL}";
            String yes = row.replace("LABEL", truth).replace('\'', '"');
            String no = row.replace("LABEL", opposite).replace('\'', '"');
            Path lines = Files.write(folder.resolve("l.jsonl"), List.of(yes, no));
            Path array = Files.writeString(folder.resolve("l.json"), "[" + yes + ",\n" + no + "]");
            String bare = truth.replace("'", "");
            Path csv = Files.write(
                    folder.resolve("l.csv"),
                    List.of("prompt,completion," + column, "p,c," + bare, "p,c," + opposite.replace("'", "")));
            for (Path file : List.of(lines, array, csv)) {
                assertThat(ExampleReader.readAll(List.of(file), LABELLED))
                        .as("%s", file)
                        .extracting(Example::label)
                        .containsExactly(true, false);
            }
        }
        assertThatThrownBy(() -> read(LABELLED, "{'prompt':'p','completion':'c','label':true,'kto_tag':false}"))
                .hasMessageContaining("'label' and 'kto_tag' say the opposite");
    }

    public record Counted(String prompt, String completion, int label) {}

    public record Worded(String prompt, String completion, String label) {}

    @Test
    void labelsOfParquetAreNumbersOrWordsToo() throws IOException {
        Path counted = folder.resolve("c.parquet");
        try (var out = new CarpetWriter<>(Files.newOutputStream(counted), Counted.class)) {
            out.write(List.of(new Counted("p", "c", 1), new Counted("p", "c", 0)));
        }
        Path worded = folder.resolve("w.parquet");
        try (var out = new CarpetWriter<>(Files.newOutputStream(worded), Worded.class)) {
            out.write(List.of(new Worded("p", "c", "True"), new Worded("p", "c", "0")));
        }
        for (Path file : List.of(counted, worded)) {
            assertThat(ExampleReader.readAll(List.of(file), LABELLED))
                    .extracting(Example::label)
                    .containsExactly(true, false);
        }
    }

    @Test
    void aPairOfCompletionsIsTwoRowsInTrlsOrder() throws IOException {
        List<Example> texts = read(
                LABELLED, "{'prompt':'p','chosen':'c','rejected':'r'}", "{'prompt':'q','chosen':'d','rejected':'s'}");
        assertThat(texts)
                .extracting(Example::content)
                .containsExactly(
                        new PlainText("p", "c"),
                        new PlainText("q", "d"),
                        new PlainText("p", "r"),
                        new PlainText("q", "s"));
        assertThat(texts).extracting(Example::label).containsExactly(true, true, false, false);
        assertThat(texts).extracting(example -> example.origin().line()).containsExactly(1L, 2L, 1L, 2L);

        String[] rows = new String[1001];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = "{'prompt':'p','chosen':'c" + i + "','rejected':'r" + i + "'}";
        }
        List<Example> many = read(LABELLED, rows);
        assertThat(many).hasSize(2002);
        assertThat(many.subList(0, 1000)).allMatch(Example::label);
        assertThat(many.subList(1000, 2000)).noneMatch(Example::label);
        assertThat(many.get(2000).content()).isEqualTo(new PlainText("p", "c1000"));
        assertThat(many.get(2001).content()).isEqualTo(new PlainText("p", "r1000"));
    }

    /** The values are those of TRL 1.13's extract_prompt. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "The sky is blue.|The sky is green.|The sky is| blue.| green.",
                "ab|cd|``|ab|cd",
                "abc|abcd|ab|c|cd",
                "same|same|sam|e|e",
                "x😀a|x😁b|x|😀a|😁b",
            },
            ignoreLeadingAndTrailingWhitespace = false)
    void aPromptInCommonIsFoundInTexts(String chosen, String rejected, String prompt, String first, String second)
            throws IOException {
        assertThat(read(LABELLED, "{'chosen':'" + chosen + "','rejected':'" + rejected + "'}"))
                .extracting(Example::content)
                .containsExactly(new PlainText(prompt, first), new PlainText(prompt, second));
    }

    @Test
    void conversationsWithAndWithoutAPromptOfTheirOwn() throws IOException {
        Message b = Message.of("assistant", "b");
        String chosen = "{'role':'assistant','content':'a'}";
        String rejected = "{'role':'assistant','content':'b'}";
        String user = "{'role':'user','content':'u'}";
        List<Example.Content> expected = List.of(pair(List.of(U), A), pair(List.of(U), b));
        String cells = "\"[{\"\"role\"\":\"\"assistant\"\",\"\"content\"\":\"\"a\"\"}]\",";
        Path csv = Files.write(
                folder.resolve("p.csv"),
                List.of(
                        "prompt,chosen,rejected",
                        "\"[{\"\"role\"\":\"\"user\"\",\"\"content\"\":\"\"u\"\"}]\"," + cells
                                + cells.replace("\"\"a\"\"}", "\"\"b\"\"}")
                                        .replace(",\n", "")
                                        .replaceAll(",$", "")));
        assertThat(ExampleReader.readAll(List.of(csv), LABELLED))
                .extracting(Example::content)
                .containsExactlyElementsOf(expected);
        for (String row : List.of(
                "{'prompt':[" + user + "],'chosen':[" + chosen + "],'rejected':[" + rejected + "]}",
                "{'chosen':[" + user + "," + chosen + "],'rejected':[" + user + "," + rejected + "]}",
                "{'prompt':'u','prompt_id':'7','chosen':[" + user + "," + chosen + "],'rejected':[" + user + ","
                        + rejected + "],'messages':[" + user + "," + chosen + "],'score_chosen':8}")) {
            assertThat(read(LABELLED, row)).as(row).extracting(Example::content).containsExactlyElementsOf(expected);
        }
        for (Map.Entry<String, String> bad : Map.of(
                        "{'chosen':[" + chosen + "],'rejected':[" + rejected + "]}", "no message in common",
                        "{'chosen':[" + user + "," + chosen + "],'rejected':'b'}", "one is text and the other is not",
                        "{'prompt':[" + user + "],'chosen':'a','rejected':'b'}",
                                "'prompt' is a list of messages, while",
                        "{'prompt':[" + user + "],'chosen':[" + user + "],'rejected':[" + rejected + "]}",
                                "'chosen' does not start with an assistant turn")
                .entrySet()) {
            assertThatThrownBy(() -> read(LABELLED, bad.getKey()))
                    .isInstanceOf(BadInput.class)
                    .hasMessageContaining(bad.getValue());
        }
        assertThatThrownBy(() -> read(PLAIN, "{'prompt':'p','chosen':'c','rejected':'r'}"))
                .hasMessageContaining("for KTO prompt, chosen, rejected");
    }
}
