package candor.bench;

import candor.text.Conversation;
import candor.text.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Made-up chats, the same for the same seed. */
final class Chats {
    private static final String[] WORDS =
            ("the value stands it is 42 units depends on context ask a professional first weather"
                            + " in Oslo dosage of aspirin what about I checked twice and sure")
                    .split(" ");

    private final SplittableRandom random;

    Chats(long seed) {
        random = new SplittableRandom(seed);
    }

    /** 10 to 29 words. */
    Message user() {
        return Message.of("user", words(random.nextInt(10, 30)));
    }

    /** 20 to 59 words. */
    Message assistant() {
        return Message.of("assistant", words(random.nextInt(20, 60)));
    }

    /** So many chats of 1 to 3 turns of each side. */
    List<Conversation> some(int count) {
        List<Conversation> chats = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            List<Message> messages = new ArrayList<>();
            for (int turns = random.nextInt(1, 4); turns > 0; turns--) {
                messages.add(user());
                messages.add(assistant());
            }
            chats.add(new Conversation(messages));
        }
        return chats;
    }

    private String words(int count) {
        List<String> chosen = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            chosen.add(WORDS[random.nextInt(WORDS.length)]);
        }
        return String.join(" ", chosen) + ".";
    }
}
