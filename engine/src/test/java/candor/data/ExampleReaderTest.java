package candor.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.data.Example.Chat;
import candor.data.Example.PlainText;
import candor.data.Example.PromptAndCompletion;
import candor.data.ExampleReader.Settings;
import candor.data.read.RowReader;
import candor.text.Conversation;
import candor.text.Message;
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

class ExampleReaderTest {
    private static final Settings LABELLED = new Settings(RowKind.LABELLED, false, RowReader.DEFAULT_MAX_ROW_BYTES);
    private static final Settings PAIRED = new Settings(RowKind.PAIRED, false, RowReader.DEFAULT_MAX_ROW_BYTES);
    private static final Settings SKIPPING = new Settings(RowKind.PLAIN, true, RowReader.DEFAULT_MAX_ROW_BYTES);

    @TempDir
    Path folder;

    private Path file(String name, String... lines) throws IOException {
        return Files.writeString(folder.resolve(name), String.join("\n", lines));
    }

    private Example only(String line, Settings settings) throws IOException {
        List<Example> examples = ExampleReader.readAll(List.of(file("rows.jsonl", line)), settings);
        assertThat(examples).hasSize(1);
        return examples.getFirst();
    }

    private static Message user(String content) {
        return Message.of("user", content);
    }

    private static Message assistant(String content) {
        return Message.of("assistant", content);
    }

    private static Chat chat(List<Message> messages) {
        return new Chat(new Conversation(messages));
    }

    private static PromptAndCompletion pair(List<Message> prompt, List<Message> completion) {
        return new PromptAndCompletion(new Conversation(prompt), completion);
    }

    @Test
    void toolsAndWhatElseATemplateMayRead() throws IOException {
        String calling = """
                {"messages":[{"role":"user","content":"u","name":"Ada"},{"role":"assistant","content":null,"tool_calls":[{"id":7}]},\
                {"role":"tool","content":"r","tool_calls":null},{"role":"assistant","content":"a"}],"tools":TOOLS}""";
        for (String tools : List.of("[{\"name\":\"f\"}]", "\"[{\\\"name\\\":\\\"f\\\"}]\"")) {
            Chat chat = (Chat)
                    only(calling.replace("TOOLS", tools), Settings.plain()).content();
            assertThat(chat.conversation().tools()).containsExactly(Map.of("name", "f"));
            assertThat(chat.conversation().messages().getFirst().fields()).containsEntry("name", "Ada");
            assertThat(chat.conversation().messages().get(1).fields())
                    .containsEntry("content", null)
                    .containsEntry("tool_calls", List.of(Map.of("id", 7L)));
            assertThat(chat.conversation().messages().get(2)).isEqualTo(Message.of("tool", "r"));
        }
        for (String none : List.of("null", "[]", "\"\"")) {
            Chat chat = (Chat)
                    only(calling.replace("TOOLS", none), Settings.plain()).content();
            assertThat(chat.conversation().tools()).isNull();
        }
    }

    @Test
    void messages() throws IOException {
        String row = """
                {"messages":[{"role":"system","content":"s"},{"role":"user","content":"u"},{"role":"assistant","content":"a"},\
                {"role":"user","content":"{{ 7*7 }}\\u0000"},{"role":"assistant","content":"b"}],"label":false,"other":[1]}""";
        List<Message> all =
                List.of(Message.of("system", "s"), user("u"), assistant("a"), user("{{ 7*7 }}\0"), assistant("b"));
        Example plain = only(row, Settings.plain());
        assertThat(plain.content()).isEqualTo(chat(all));
        assertThat(plain.label()).isNull();
        Example labelled = only(row, LABELLED);
        assertThat(labelled.content())
                .as("the label judges the last message")
                .isEqualTo(pair(all.subList(0, 4), all.subList(4, 5)));
        assertThat(labelled.label()).isFalse();
        assertThat(labelled.origin()).hasToString(folder.resolve("rows.jsonl") + ", line 1");
    }

    @Test
    void promptAndCompletion() throws IOException {
        assertThat(only("{\"prompt\":\"p \",\"completion\":\" c\"}", Settings.plain())
                        .content())
                .isEqualTo(new PlainText("p ", " c"));
        assertThat(only(
                        "{\"prompt\":[{\"role\":\"user\",\"content\":\"u\"}],\"completion\":[{\"role\":\"assistant\",\"content\":\"a\"}],"
                                + "\"label\":true}",
                        LABELLED))
                .matches(example ->
                        example.label() && example.content().equals(pair(List.of(user("u")), List.of(assistant("a")))));
    }

    @Test
    void instructions() throws IOException {
        Path alpaca = file(
                "a.jsonl",
                "{\"instruction\":\"Add\",\"input\":\"1 2\",\"output\":\"3\"}",
                "{\"instruction\":\"Sing\",\"input\":\"\",\"output\":\"la\"}",
                "{\"instruction\":\"Sing\",\"output\":\"\"}");
        Path dolly = file("d.csv", "instruction,context,response,category", "Add,\"1\n2\",3,math", "Sing,,la,art");
        assertThat(ExampleReader.readAll(List.of(alpaca, dolly), Settings.plain()))
                .extracting(Example::content)
                .containsExactly(
                        chat(List.of(user("Add\n1 2"), assistant("3"))),
                        chat(List.of(user("Sing"), assistant("la"))),
                        chat(List.of(user("Sing"), assistant(""))),
                        chat(List.of(user("Add\n1\n2"), assistant("3"))),
                        chat(List.of(user("Sing"), assistant("la"))));
    }

    @Test
    void shareGpt() throws IOException {
        assertThat(only(
                                "{\"conversations\":[{\"from\":\"system\",\"value\":\"s\"},{\"from\":\"human\",\"value\":\"u\"},"
                                        + "{\"from\":\"gpt\",\"value\":\"a\"}]}",
                                Settings.plain())
                        .content())
                .isEqualTo(chat(List.of(Message.of("system", "s"), user("u"), assistant("a"))));
    }

    @Test
    void pairsFollowOneAnother() throws IOException {
        Path rows = file(
                "pairs.jsonl",
                "{\"prompt\":\"a\",\"chosen\":\" b\",\"rejected\":\" c\",\"label\":true}",
                "{\"prompt\":\"d\",\"chosen\":\" e\",\"rejected\":\" f\",\"completion\":\"g\"}");
        try (ExampleReader reader = ExampleReader.open(List.of(rows), PAIRED)) {
            List<Example> examples = new ArrayList<>();
            reader.iterator().forEachRemaining(examples::add);
            assertThat(examples)
                    .extracting(Example::content)
                    .containsExactly(
                            new PlainText("a", " b"),
                            new PlainText("a", " c"),
                            new PlainText("d", " e"),
                            new PlainText("d", " f"));
            assertThat(examples).extracting(Example::label).containsExactly(true, false, true, false);
            assertThat(reader.notes()).containsExactly("ignored columns: completion, label");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'prompt':'p','completion':'c','label':true} | the columns [prompt, completion, label] are of no known layout: prompt, chosen, rejected",
                "{'prompt':'p','rejected':'c'} | the columns [prompt, rejected] are of no known layout: prompt, chosen, rejected",
                "{'prompt':'p','chosen':null,'rejected':'c'} | 'chosen' is missing",
                "{'prompt':'p','chosen':'c','rejected':'c'} | 'chosen' and 'rejected' are the same, so there is nothing to prefer",
                "{'prompt':'p','chosen':'c','rejected':[]} | of 'chosen' and 'rejected' one is text and the other is not",
                "{'chosen':[{'role':'assistant','content':'a'}],'rejected':[{'role':'assistant','content':'b'}]} | begin with no message in common",
                "{'messages':[{'role':'assistant','content':'a'}]} | the columns [messages] are of no known layout: prompt, chosen, rejected"
            })
    void whatIsNoPairIsRefused(String row, String problem) throws IOException {
        Path rows = file("pairs.jsonl", row.replace('\'', '"'));
        assertThatThrownBy(() -> ExampleReader.readAll(List.of(rows), PAIRED))
                .isInstanceOf(BadInput.class)
                .hasMessageStartingWith(rows + ", line 1: ")
                .hasMessageContaining(problem);
    }

    @Test
    void messagesAndLabelsInCsvAndParquet() throws Exception {
        Path csv = file(
                "a.csv",
                "messages,label",
                "\"[{\"\"role\"\":\"\"user\"\",\"\"content\"\":\"\"u\"\"},{\"\"role\"\":\"\"assistant\"\",\"\"content\"\":\"\"a\"\"}]\",True",
                "\"[{\"\"role\"\":\"\"user\"\",\"\"content\"\":\"\"u\"\"},{\"\"role\"\":\"\"assistant\"\",\"\"content\"\":\"\"b\"\"}]\",false");
        assertThat(ExampleReader.readAll(List.of(csv), LABELLED))
                .extracting(Example::label)
                .containsExactly(true, false);
        Path parquet = Path.of(ExampleReaderTest.class
                .getResource("/data/chats-snappy.parquet")
                .toURI());
        try (ExampleReader reader = ExampleReader.open(
                List.of(parquet), new Settings(RowKind.LABELLED, true, RowReader.DEFAULT_MAX_ROW_BYTES))) {
            assertThat(reader.next().content())
                    .isEqualTo(pair(
                            List.of(Message.of("system", "Be brief."), user("Hi é😀")), List.of(assistant("Hello"))));
            assertThat(reader.next().label()).isFalse();
            assertThat(reader.next()).isNull();
            assertThat(reader.skipped())
                    .isEqualTo(new Skipped(
                            3,
                            List.of(
                                    parquet + ", row 3: 'messages' is empty",
                                    parquet + ", row 4: 'messages' is missing",
                                    parquet + ", row 5: the content of message 1 of 'messages' is missing")));
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'messages':[]} | 'messages' is empty",
                "{'messages':null} | 'messages' is missing",
                "{'messages':7} | 'messages' is a number, expected a list of messages",
                "{'messages':'hello'} | 'messages' is text, expected a list of messages",
                "{'messages':'[] x'} | 'messages' is text, expected a list of messages (its text is not valid JSON: ",
                "{'messages':'[{\\'role\\':\\'user\\',\\'role\\':\\'user\\'}]'} | is not valid JSON: Duplicate field 'role'",
                "{'messages':[{'role':'assistant','content':'a'}],'tools':'DEEP'} | nesting depth",
                "{'messages':['hello']} | message 1 of 'messages' is the text 'hello', expected an object with role and content",
                "{'messages':[{'role':'user','content':'u'}]} | has no assistant turn",
                "{'messages':[{'role':'user','content':'u'},{'role':'bot','content':'a'}]} | message 2 of 'messages' has the unknown role 'bot'",
                "{'messages':[{'content':'u'}]} | the role of message 1 of 'messages' is missing",
                "{'messages':[{'role':'user'}]} | the content of message 1 of 'messages' is missing",
                "{'messages':[{'role':'user','content':[{'type':'text'}]}]} | the text of part 1 of the content of message 1 of 'messages' is missing",
                "{'messages':[{'role':'user','content':'a\\ud83d'}]} | holds a lone surrogate (\\ud83d)",
                "{'messages':[{'role':'user','content':'\\ude00a'}]} | holds a lone surrogate (\\ude00)",
                "{'prompt':'p','completion':[]} | of 'prompt' and 'completion' one is text and the other is not",
                "{'prompt':[{'role':'user','content':'u'}],'completion':[{'role':'user','content':'u'}]} | 'completion' does not start with an assistant turn",
                "{'prompt':[],'completion':[{'role':'assistant','content':'a'}]} | 'prompt' is empty",
                "{'instruction':'','input':'','output':'x'} | 'instruction' and 'input' are both empty",
                "{'instruction':'a','input':'','output':null} | 'output' is missing",
                "{'instruction':'a','context':3,'response':'x'} | 'context' is a number, expected text",
                "{'messages':[{'role':'assistant','content':'a'}],'tools':'none'} | 'tools' is text, expected a list of tools",
                "{'messages':[{'role':'assistant','content':'a'}],'tools':{}} | 'tools' is an object, expected a list of tools",
                "{'conversations':[{'from':'bard','value':'u'}]} | has the unknown role 'bard'",
                "{'said':'x','n':1} | the columns [said, n] are of no known layout",
                "[1] | is not a JSON object",
            })
    void badRowsSayWhatIsWrongAndCanBeSkipped(String json, String problem) throws IOException {
        String good =
                "{\"messages\":[{\"role\":\"user\",\"content\":\"u\"},{\"role\":\"assistant\",\"content\":\"a\"}]}";
        Path file = file("rows.jsonl", json.replace('\'', '"').replace("DEEP", "[".repeat(300) + "]".repeat(300)));
        assertThatThrownBy(() -> ExampleReader.readAll(List.of(file), Settings.plain()))
                .isInstanceOf(BadInput.class)
                .hasMessageStartingWith(file + ", line 1: ")
                .hasMessageContaining(problem)
                .hasMessageEndingWith("skip_bad_rows");
        Path other = file("good.jsonl", good);
        try (ExampleReader reader = ExampleReader.open(List.of(file, other), SKIPPING)) {
            assertThat(reader.next().origin().file()).isEqualTo(other);
            assertThat(reader.next()).isNull();
            assertThat(reader.skipped().count()).isEqualTo(1);
            assertThat(reader.skipped().reasons().getFirst())
                    .startsWith(file + ", line 1: ")
                    .contains(problem);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{'prompt':'p','completion':'c'} | 'label' is missing",
                "{'prompt':'p','completion':'c','label':2} | 'label' is a number, expected true or false",
                "{'prompt':'p','completion':'c','label':'good'} | 'label' is the text 'good', expected true or false",
                "{'messages':[{'role':'assistant','content':'a'},{'role':'user','content':'u'}],'label':true} | does not end with an assistant turn",
                "{'messages':[{'role':'assistant','content':'a'}],'label':true} | has no turn before the assistant's",
            })
    void labelsAreHeldToTheirShape(String json, String problem) throws IOException {
        Path file = file("rows.jsonl", json.replace('\'', '"'));
        assertThatThrownBy(() -> ExampleReader.readAll(List.of(file), LABELLED))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining(problem);
    }

    @Test
    void aFileKeepsItsLayoutAndFilesMayDiffer() throws IOException {
        Path one = file(
                "1.jsonl",
                "broken",
                "{\"instruction\":\"i\",\"output\":\"o\"}",
                "{\"messages\":[{\"role\":\"assistant\",\"content\":\"a\"}]}",
                "{\"output\":\"o\",\"instruction\":\"i2\",\"more\":1}");
        Path two = file("2.jsonl", "{\"prompt\":\"p\",\"completion\":\"c\"}");
        try (ExampleReader reader = ExampleReader.open(List.of(one, two), SKIPPING)) {
            List<Example> examples = new ArrayList<>();
            for (Example example = reader.next(); example != null; example = reader.next()) {
                examples.add(example);
            }
            assertThat(examples).extracting(example -> example.origin().line()).containsExactly(2L, 4L, 1L);
            assertThat(reader.skipped().reasons())
                    .hasSize(2)
                    .last()
                    .isEqualTo(one
                            + ", line 3: the columns [messages] lack some of [instruction, output], which the file has"
                            + " had since line 2");
        }
    }

    @Test
    void onlyTheFirstReasonsAreKept() throws IOException {
        String[] lines = new String[20];
        java.util.Arrays.fill(lines, "x");
        Path file = file("rows.jsonl", lines);
        try (ExampleReader reader = ExampleReader.open(List.of(file), SKIPPING)) {
            assertThat(reader.next()).isNull();
            assertThat(reader.skipped().count()).isEqualTo(20);
            assertThat(reader.skipped().reasons()).hasSize(5).last().asString().startsWith(file + ", line 5: ");
        }
        assertThatThrownBy(() -> ExampleReader.readAll(List.of(file), SKIPPING))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("no usable row; the first of 20 bad ones: " + file + ", line 1: ");
    }
}
