package candor.data;

import candor.BadInput;
import candor.text.Message;
import candor.text.bpe.BpeTrainer;
import candor.text.bpe.Merges;
import candor.text.bpe.TokenizerWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;

/** Trains a tokenizer on the texts of data files: what messages say, each by itself, as the chat template sets it apart. */
public final class TokenizerTraining {
    private TokenizerTraining() {}

    /**
     * Reads the files, trains, and writes {@code tokenizer.json} and {@code tokenizer_config.json}.
     *
     * @param data           files as for training
     * @param vocabularySize tokens, at most
     * @param minFrequency   pairs that are seen less often are not merged
     * @param output         the folder to write
     * @return how many tokens there are: {@code vocab_size} of a model for it
     * @throws BadInput for whatever the user can fix
     */
    public static int run(List<Path> data, int vocabularySize, int minFrequency, Path output) {
        Merges merges;
        try (ExampleReader reader = ExampleReader.open(data, ExampleReader.Settings.plain())) {
            Texts texts = new Texts(reader.iterator());
            if (!texts.hasNext()) {
                throw new BadInput(
                        data.getFirst() + ": there is no text to learn a tokenizer from", "give {data} with rows");
            }
            merges = BpeTrainer.train(texts, vocabularySize, minFrequency);
        }
        TokenizerWriter.write(output, merges);
        return merges.tokens().size();
    }

    /** The texts of examples, one after another. */
    private static final class Texts implements Iterator<String> {
        private final Iterator<Example> examples;
        private Iterator<String> texts = List.<String>of().iterator();

        Texts(Iterator<Example> examples) {
            this.examples = examples;
        }

        @Override
        public boolean hasNext() {
            while (!texts.hasNext() && examples.hasNext()) {
                texts = of(examples.next()).iterator();
            }
            return texts.hasNext();
        }

        @Override
        public String next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            return texts.next();
        }

        private static List<String> of(Example example) {
            List<String> texts = new ArrayList<>();
            switch (example.content()) {
                case Example.Chat(var conversation) -> add(conversation.messages(), texts);
                case Example.PromptAndCompletion(var prompt, var completion) -> {
                    add(prompt.messages(), texts);
                    add(completion, texts);
                }
                case Example.PlainText(var prompt, var completion) -> texts.add(prompt + completion);
                case Example.WholeText(var text) -> texts.add(text);
            }
            return texts;
        }

        private static void add(List<Message> messages, List<String> texts) {
            for (Message message : messages) {
                if (message.content() instanceof String text) {
                    texts.add(text);
                }
            }
        }
    }
}
