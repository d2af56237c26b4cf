package candor.text.template;

import java.util.function.IntPredicate;

/** Python's {@code isalpha}, {@code isdigit} and their like. */
final class CharacterTests {
    private CharacterTests() {}

    static boolean test(String s, String name) {
        return switch (name) {
            case "isascii" -> s.codePoints().allMatch(c -> c < 128);
            case "isspace" -> all(s, Chars::isSpace);
            case "isalpha" -> all(s, Character::isLetter);
            case "isdecimal" -> all(s, Character::isDigit);
            case "isdigit" -> all(s, CharacterTests::digit);
            case "isalnum" -> all(s, c -> Character.isLetter(c) || Character.isDigit(c) || otherNumber(c));
            case "islower" -> cased(s, CharacterTests::lower, c -> upper(c) || Character.isTitleCase(c));
            case "isupper" -> cased(s, CharacterTests::upper, c -> lower(c) || Character.isTitleCase(c));
            default -> throw new IllegalArgumentException(name);
        };
    }

    private static boolean all(String s, IntPredicate predicate) {
        return !s.isEmpty() && s.codePoints().allMatch(predicate);
    }

    private static boolean cased(String s, IntPredicate wanted, IntPredicate forbidden) {
        return s.codePoints().anyMatch(wanted) && s.codePoints().noneMatch(forbidden);
    }

    private static boolean lower(int c) {
        return Character.isLowerCase(c);
    }

    private static boolean upper(int c) {
        return Character.isUpperCase(c);
    }

    private static boolean otherNumber(int c) {
        int type = Character.getType(c);
        return type == Character.OTHER_NUMBER || type == Character.LETTER_NUMBER;
    }

    private static boolean digit(int c) {
        if (Character.getType(c) == Character.OTHER_NUMBER) {
            // Superscripts are digits, fractions are not; Java does not tell them apart.
            throw TemplateError.unsupported("isdigit() of '" + Character.toString(c) + "'");
        }
        return Character.isDigit(c);
    }
}
