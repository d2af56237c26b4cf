package candor.bench;

import candor.text.ChatEncoder;
import candor.text.ChatTemplate;
import candor.text.Conversation;
import candor.text.EncodedChat;
import candor.text.MaskedText;
import candor.text.Message;
import candor.text.SpecialTextPolicy;
import candor.text.Tokenizer;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/**
 * What becomes of {@value #CHATS} chats of one to three turns, stage by stage, in one thread: the template's text, the same with
 * the replies marked, its tokens, and the row with its loss mask, which is all of it. {@code tokens} are those that the stage's
 * texts have in the end.
 */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(
        value = 1,
        jvmArgsAppend = {"--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-DRUST_FLAVOR=cpu"
        })
public class TextBenchmark {
    private static final int CHATS = 200;

    /** Rows and tokens per second. */
    @State(Scope.Thread)
    @AuxCounters(AuxCounters.Type.OPERATIONS)
    public static class Throughput {
        public long rows;
        public long tokens;
    }

    /** Whose chat template and tokenizer. */
    @Param({"llama3", "qwen2", "qwen3"})
    String family;

    private List<Conversation> chats;
    private List<String> texts;
    private long characters;
    private long replyCharacters;
    private long tokens;
    private ChatTemplate template;
    private Tokenizer tokenizer;
    private ChatEncoder encoder;

    @Setup(Level.Trial)
    public void load() {
        var folder = Goldens.model(family);
        template = ChatTemplate.load(folder, LocalDateTime.of(2026, 1, 1, 0, 0));
        tokenizer = Tokenizer.load(folder);
        encoder = new ChatEncoder(tokenizer, template, SpecialTextPolicy.REFUSE);
        chats = new Chats(1).some(CHATS);
        texts = new ArrayList<>();
        for (Conversation chat : chats) {
            String text = template.render(chat, false);
            holds(text, chat);
            EncodedChat row = encoder.encodeConversation(chat);
            if (!Arrays.equals(row.ids(), tokenizer.encode(text, false)) || row.targets() == 0) {
                throw new IllegalStateException("a row is not the tokens of its text, or has nothing to learn");
            }
            texts.add(text);
            characters += text.length();
            replyCharacters += replies(encoder.render(chat));
            tokens += row.length();
        }
    }

    /** The messages in their order, with something between them. */
    private static void holds(String text, Conversation chat) {
        int place = 0;
        for (Message message : chat.messages()) {
            String content = (String) message.fields().get("content");
            int found = text.indexOf(content, place + 1);
            if (found < 0) {
                throw new IllegalStateException("the text lacks a message: " + content);
            }
            place = found + content.length();
        }
    }

    private static long replies(MaskedText text) {
        return text.replies().stream()
                .mapToLong(reply -> reply.end() - reply.start())
                .sum();
    }

    @Benchmark
    public long template(Throughput throughput) {
        long count = 0;
        for (Conversation chat : chats) {
            count += template.render(chat, false).length();
        }
        return counted(throughput, count, characters);
    }

    @Benchmark
    public long templateAndReplies(Throughput throughput) {
        long count = 0;
        for (Conversation chat : chats) {
            count += replies(encoder.render(chat));
        }
        return counted(throughput, count, replyCharacters);
    }

    @Benchmark
    public long tokenize(Throughput throughput) {
        long count = 0;
        for (String text : texts) {
            count += tokenizer.encode(text, false).length;
        }
        return counted(throughput, count, tokens);
    }

    @Benchmark
    public long whole(Throughput throughput) {
        long count = 0;
        for (Conversation chat : chats) {
            count += encoder.encodeConversation(chat).length();
        }
        return counted(throughput, count, tokens);
    }

    private long counted(Throughput throughput, long count, long expected) {
        if (count != expected) {
            throw new IllegalStateException("counted " + count + ", not " + expected);
        }
        throughput.rows += CHATS;
        throughput.tokens += tokens;
        return count;
    }
}
