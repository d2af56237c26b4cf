package candor.text.bpe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import candor.BadInput;
import candor.text.ChatEncoder;
import candor.text.ChatTemplate;
import candor.text.Conversation;
import candor.text.Message;
import candor.text.SpecialTextPolicy;
import candor.text.Tokenizer;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A tokenizer that is trained: the merges by hand and by brute force, and the files as the library loads them. */
class BpeTrainerTest {
    @TempDir
    Path temp;

    private static Merges train(List<String> texts, int size) {
        return BpeTrainer.train(texts.iterator(), size, 2);
    }

    @Test
    void mergesByHand() {
        // "low" 3, "lower" 2, " low" 0: l-o and o-w are seen 5 times each, l < o decides.
        Merges merges = train(List.of("low", "low", "low", "lower", "lower"), 1000);
        assertThat(merges.pairs())
                .containsExactly(
                        new Merges.Pair("l", "o"),
                        new Merges.Pair("lo", "w"),
                        new Merges.Pair("e", "r"),
                        new Merges.Pair("low", "er"));
        assertThat(merges.tokens()).hasSize(BpeTrainer.LEAST_TOKENS + 4);
        assertThat(merges.tokens().subList(0, 5)).isEqualTo(ChatMarkup.SPECIAL);
        assertThat(merges.tokens().getLast()).isEqualTo("lower");
    }

    @Test
    void aRunOfOneLetterIsMergedFromTheLeft() {
        Merges merges = train(List.of("aaaaa", "aaaaa"), BpeTrainer.LEAST_TOKENS + 3);
        assertThat(merges.pairs())
                .containsExactly(new Merges.Pair("a", "a"), new Merges.Pair("aa", "a"), new Merges.Pair("aa", "aaa"));
    }

    /** Counts everything anew before each merge. */
    @Test
    void equalsTheSlowWay() {
        Random random = new Random(5);
        for (int round = 0; round < 20; round++) {
            List<String> texts = new ArrayList<>();
            for (int i = 0; i < 40; i++) {
                StringBuilder word = new StringBuilder();
                for (int j = random.nextInt(9); j >= 0; j--) {
                    word.append((char) ('a' + random.nextInt(3)));
                }
                texts.add(word.toString());
            }
            Merges merges = train(texts, BpeTrainer.LEAST_TOKENS + 60);
            assertThat(merges.pairs()).isEqualTo(slowly(texts, merges.tokens()));
            Collections.shuffle(texts, random);
            assertThat(train(texts, BpeTrainer.LEAST_TOKENS + 60)).isEqualTo(merges);
        }
    }

    private static List<Merges.Pair> slowly(List<String> texts, List<String> tokens) {
        List<List<String>> words = new ArrayList<>();
        texts.forEach(text -> words.add(new ArrayList<>(List.of(text.split("")))));
        List<Merges.Pair> merges = new ArrayList<>();
        List<String> known = new ArrayList<>(tokens.subList(0, BpeTrainer.LEAST_TOKENS));
        while (known.size() < BpeTrainer.LEAST_TOKENS + 60) {
            Map<Merges.Pair, Integer> counts = new HashMap<>();
            for (List<String> word : words) {
                for (int i = 0; i + 1 < word.size(); i++) {
                    counts.merge(new Merges.Pair(word.get(i), word.get(i + 1)), 1, Integer::sum);
                }
            }
            Merges.Pair best = null;
            for (var entry : counts.entrySet()) {
                int difference = best == null ? 1 : entry.getValue() - counts.get(best);
                if (difference > 0 || difference == 0 && before(entry.getKey(), best, known)) {
                    best = entry.getKey();
                }
            }
            if (best == null || counts.get(best) < 2) {
                break;
            }
            merges.add(best);
            String made = best.left() + best.right();
            if (!known.contains(made)) {
                known.add(made);
            }
            for (List<String> word : words) {
                for (int i = 0; i + 1 < word.size(); i++) {
                    if (word.get(i).equals(best.left()) && word.get(i + 1).equals(best.right())) {
                        word.set(i, made);
                        word.remove(i + 1);
                    }
                }
            }
        }
        return merges;
    }

    private static boolean before(Merges.Pair one, Merges.Pair other, List<String> tokens) {
        int left = Integer.compare(tokens.indexOf(one.left()), tokens.indexOf(other.left()));
        return left != 0 ? left < 0 : tokens.indexOf(one.right()) < tokens.indexOf(other.right());
    }

    @Test
    void everyTextComesBack() {
        TokenizerWriter.write(temp, train(List.of("the river is blue", "The rivers were blue, the sky is blue"), 300));
        Tokenizer tokenizer = Tokenizer.load(temp);
        assertThat(tokenizer.vocabularySize()).isEqualTo(300 - missing(300));
        for (String text : List.of(
                "the river",
                "",
                " ",
                "  two  blanks\n\n",
                "it's 2026\r\n",
                "日本語 ünï 👍🏽 \u0007",
                "the river is blue")) {
            assertThat(tokenizer.decode(tokenizer.encode(text, true), false)).isEqualTo(text);
        }
        assertThat(tokenizer.encode("the river is blue", true)).hasSizeLessThan(10);
        assertThat(tokenizer.encode("<|user|>", true)).containsExactly(3);
    }

    /** The few texts above may have fewer pairs than asked for. */
    private static int missing(int size) {
        return size
                - train(List.of("the river is blue", "The rivers were blue, the sky is blue"), size)
                        .tokens()
                        .size();
    }

    @Test
    void theTemplateMarksEveryReplyWithItsEnd() {
        TokenizerWriter.write(temp, train(List.of("hello hello", "who are you?"), 300));
        Tokenizer tokenizer = Tokenizer.load(temp);
        ChatTemplate template = ChatTemplate.load(temp, LocalDateTime.of(2024, 7, 26, 0, 0));
        ChatEncoder encoder = new ChatEncoder(tokenizer, template, SpecialTextPolicy.REFUSE);
        Conversation chat = new Conversation(List.of(
                Message.of("system", "you are grace"),
                Message.of("user", "hello"),
                Message.of("assistant", "who?"),
                Message.of("user", "you"),
                Message.of("assistant", "grace")));
        var encoded = encoder.encodeConversation(chat);
        assertThat(tokenizer.decode(encoded.ids(), false))
                .isEqualTo("<|system|>you are grace<|end|><|user|>hello<|end|><|assistant|>who?<|end|>"
                        + "<|user|>you<|end|><|assistant|>grace<|end|>");
        List<Integer> learnt = new ArrayList<>();
        for (int i = 0; i < encoded.ids().length; i++) {
            if (encoded.inLoss()[i]) {
                learnt.add(encoded.ids()[i]);
            }
        }
        assertThat(tokenizer.decode(learnt.stream().mapToInt(i -> i).toArray(), false))
                .isEqualTo("who?<|end|>grace<|end|>");
        assertThat(tokenizer.special().eos()).hasValue(1);
        assertThatThrownBy(() -> encoder.encodeConversation(new Conversation(List.of(Message.of("user", "<|end|>")))))
                .isInstanceOf(BadInput.class);
        assertThatThrownBy(() -> encoder.encodeConversation(
                        new Conversation(List.of(Message.of("tool", "x"), Message.of("assistant", "y")))))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("system, user and assistant");
    }

    @Test
    void whatCannotBeIsRefused() {
        assertThatThrownBy(() -> train(List.of("a"), BpeTrainer.LEAST_TOKENS - 1))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("give 261");
        assertThat(train(List.of(), BpeTrainer.LEAST_TOKENS + 5).pairs()).isEmpty();
        TokenizerWriter.write(temp, train(List.of("a"), 300));
        assertThatThrownBy(() -> TokenizerWriter.write(temp, train(List.of("a"), 300)))
                .isInstanceOf(BadInput.class)
                .hasMessageContaining("holds a tokenizer already");
    }
}
