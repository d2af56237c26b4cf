package candor.hub;

import candor.BadInput;
import java.util.regex.Pattern;

/**
 * What the Hub knows its user by. It is sent to the Hub alone, and is in no message: its text is that of its place.
 *
 * @param secret what nobody else is to see
 * @param place where it comes from: a variable's or a file's name
 */
record Token(String secret, String place) {
    private static final Pattern FORM = Pattern.compile("[\\x21-\\x7e]{1,4096}");

    Token {
        if (!FORM.matcher(secret).matches()) {
            throw new BadInput(
                    place + ": is not a token: it must be one word of printable ASCII characters; make one at"
                            + " https://huggingface.co/settings/tokens");
        }
    }

    /** A text without the secret, should a server have repeated it. */
    String hide(String text) {
        return text.replace(secret, "***");
    }

    @Override
    public String toString() {
        return "the token in " + place;
    }
}
