package candor.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.lora.Memory;
import candor.lora.PeftFiles;
import candor.model.CausalLm;
import candor.model.Recompute;
import candor.model.Weights;
import candor.ops.Batch;
import candor.ops.cpu.CpuBackend;
import candor.text.ChatEncoder;
import candor.text.ChatTemplate;
import candor.text.Conversation;
import candor.text.Message;
import candor.text.SpecialTextPolicy;
import candor.text.Tokenizer;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class ChatSessionTest {
    private static final Path GOLDEN = Path.of(System.getProperty("candor.goldens"), "llama3");
    private static final Sampling DRAWN = new Sampling(1, 0, 1, 1, 6);

    private CpuBackend backend;
    private Weights weights;
    private CausalLm model;
    private ChatEncoder encoder;
    private ChatSession session;

    @BeforeEach
    void open() {
        backend = new CpuBackend(1);
        weights = Weights.load(GOLDEN.resolve("model"));
        model = new CausalLm(backend, weights, Recompute.NONE, 256);
        encoder = new ChatEncoder(
                Tokenizer.load(GOLDEN.resolve("model")),
                ChatTemplate.load(GOLDEN.resolve("model"), LocalDateTime.of(2026, 1, 1, 0, 0)),
                SpecialTextPolicy.REFUSE);
        session = new ChatSession(model, encoder, DRAWN, 12, 1 << 24);
    }

    @AfterEach
    void close() {
        session.close();
        model.close();
        weights.close();
        backend.close();
    }

    private String say(String text) {
        StringBuilder reply = new StringBuilder();
        session.say(text, reply::append, () -> false);
        return reply.toString();
    }

    /** What the model says to a conversation, with a cache that knows nothing of it. */
    private String fresh(List<Message> messages, long key) {
        try (Generator generator =
                new Generator(model, null, encoder.tokenizer(), new Generator.Settings(1, 512, 1 << 24))) {
            Request request = new Request(
                    encoder.encodePrompt(new Conversation(messages)),
                    Batch.BASE,
                    DRAWN,
                    key,
                    12,
                    encoder.tokenizer().special().endIds(),
                    List.of(),
                    false);
            return generator.generate(List.of(request)).getFirst().text();
        }
    }

    @Test
    void everyTurnHearsAllTurnsBefore() {
        session.system("Answer briefly.");
        List<Message> heard = new ArrayList<>(List.of(Message.of("system", "Answer briefly.")));
        for (int turn = 0; turn < 3; turn++) {
            String question = "What about a loop in Python, " + turn + "?";
            heard.add(Message.of("user", question));
            String expected = fresh(heard, turn);
            assertThat(say(question)).isEqualTo(expected);
            heard.add(Message.of("assistant", expected));
            assertThat(session.messages()).isEqualTo(heard);
        }
        session.system(null);
        assertThat(session.messages()).isEqualTo(heard.subList(1, heard.size()));
        session.reset();
        assertThat(session.messages()).isEmpty();
    }

    @Test
    void anAdapterComesAndGoes() {
        String bare = say("What about a loop?");
        session.reset();
        session.adapter(PeftFiles.frozen(GOLDEN.resolve("adapter"), weights, Memory.of(backend)));
        assertThat(say("What about a loop?")).isNotEqualTo(bare);
        session.reset();
        session.adapter(null);
        assertThat(say("What about a loop?")).isEqualTo(fresh(List.of(Message.of("user", "What about a loop?")), 2));
    }

    @Test
    void aStoppedReplyIsWhatWasSaidUntilThen() {
        int[] asked = {0};
        StringBuilder heard = new StringBuilder();
        FinishReason reason = session.say("What about a loop?", heard::append, () -> asked[0]++ == 5);
        assertThat(reason).isNull();
        assertThat(session.messages().getLast()).isEqualTo(Message.of("assistant", heard.toString()));
        assertThat(fresh(session.messages().subList(0, 1), 0)).startsWith(heard.toString());
        assertThat(say("Go on.")).isEqualTo(fresh(session.messages().subList(0, 3), 1));
    }

    @Test
    void whatCannotBeSaidLeavesTheConversationAsItWas() {
        say("What about a loop?");
        List<Message> before = session.messages();
        assertThatThrownBy(() -> say("a b ".repeat(300)))
                .isInstanceOf(BadInput.class)
                .hasMessageMatching("the conversation has \\d+ tokens, and the model takes 256 .* /reset");
        assertThatThrownBy(() -> say("<|eot_id|>")).isInstanceOf(BadInput.class);
        assertThat(session.messages()).isEqualTo(before);
    }
}
