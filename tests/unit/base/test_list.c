#include "base/list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

struct item {
    int number;
    struct list link;
};

static int digits(const struct list *head)
{
    int all = 0;
    list_foreach (item, head, struct item, link) {
        all = all * 10 + item->number;
    }
    return all;
}

static void test_order(void **state)
{
    struct list head;
    struct item items[] = {{.number = 1}, {.number = 2}, {.number = 3}};
    list_init(&head);
    assert_true(list_empty(&head));
    assert_int_equal(digits(&head), 0);
    list_append(&head, &items[0].link);
    list_append(&head, &items[2].link);
    list_insert_before(&items[2].link, &items[1].link);
    assert_false(list_empty(&head));
    assert_int_equal(digits(&head), 123);
}

static void test_remove_twice_is_safe(void **state)
{
    struct list head;
    struct item items[] = {{.number = 1}, {.number = 2}, {.number = 3}};
    list_init(&head);
    for (unsigned i = 0; i < 3; i++)
        list_append(&head, &items[i].link);
    list_remove(&items[1].link);
    list_remove(&items[1].link);
    assert_int_equal(digits(&head), 13);
    list_remove(&items[0].link);
    list_remove(&items[2].link);
    assert_true(list_empty(&head));
}

static void test_free_while_walking(void **state)
{
    struct list head;
    list_init(&head);
    for (int i = 1; i <= 9; i++) {
        struct item *item = malloc(sizeof(*item));
        item->number = i;
        list_append(&head, &item->link);
    }
    list_foreach_safe (item, &head, struct item, link) {
        if (item->number % 2) {
            list_remove(&item->link);
            free(item);
        }
    }
    assert_int_equal(digits(&head), 2468);
    list_foreach_safe (item, &head, struct item, link) {
        list_remove(&item->link);
        free(item);
    }
    assert_true(list_empty(&head));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_remove_twice_is_safe),
        cmocka_unit_test(test_free_while_walking),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
