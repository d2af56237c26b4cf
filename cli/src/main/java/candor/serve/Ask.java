package candor.serve;

import candor.generate.Request;
import candor.serve.work.Served;
import java.util.ArrayList;
import java.util.List;

/**
 * What is asked for, whatever it looked like.
 *
 * @param model    that answers
 * @param prompts  token ids of each prompt
 * @param texts    what each prompt says
 * @param choices  replies to each prompt
 * @param like     a request of each, but for its prompt and key
 * @param echo     the prompt is part of each reply
 * @param silent   no new token is wanted, just the prompt's scores
 * @param stream   replies are sent as they come
 * @param usage    a stream ends with the counts of tokens
 */
record Ask(
        Served model,
        List<int[]> prompts,
        List<String> texts,
        int choices,
        Request like,
        boolean echo,
        boolean silent,
        boolean stream,
        boolean usage) {
    /** A request for each choice, prompt by prompt. Its random numbers follow from the seed and its place among them. */
    List<Request> requests() {
        List<Request> requests = new ArrayList<>();
        for (int[] prompt : prompts) {
            for (int i = 0; i < choices; i++) {
                requests.add(new Request(
                        prompt,
                        model.slot(),
                        like.sampling(),
                        requests.size(),
                        like.maxNewTokens(),
                        like.endTokens(),
                        like.stops(),
                        like.scores()));
            }
        }
        return requests;
    }

    /** What the prompt of a choice says. */
    String text(Choice choice) {
        return texts.get(choice.index() / choices);
    }

    long promptTokens() {
        return prompts.stream().mapToLong(prompt -> prompt.length).sum();
    }
}
