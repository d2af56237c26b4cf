package candor.text.bpe;

import java.util.List;

/**
 * The special tokens of tokenizers that are trained here, and the chat template made of them: a token for who speaks, the
 * text, and a token for its end. A turn costs two tokens beside its text, for small models have short contexts.
 */
final class ChatMarkup {
    static final String END = "<|end|>";
    static final String PAD = "<|pad|>";

    /** In the order of their ids, from 0 on. */
    static final List<String> SPECIAL = List.of(PAD, END, "<|system|>", "<|user|>", "<|assistant|>");

    static final String TEMPLATE = "{%- for message in messages -%}"
            + "{%- if message['role'] not in ['system', 'user', 'assistant'] -%}"
            + "{{- raise_exception('this template knows the roles system, user and assistant') -}}"
            + "{%- endif -%}"
            + "{{- '<|' + message['role'] + '|>' + message['content'] + '" + END + "' -}}"
            + "{%- endfor -%}"
            + "{%- if add_generation_prompt -%}{{- '<|assistant|>' -}}{%- endif -%}";

    private ChatMarkup() {}
}
