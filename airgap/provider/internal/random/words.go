package random

import "strings"

// Words of pet names: adverbs, an adjective, an animal.
var (
	adverbs = strings.Fields(`
always barely boldly bravely briskly calmly daily deftly eagerly early easily evenly fairly firmly fondly freely gently gladly happily
hardly highly justly keenly kindly largely lately lightly loudly mildly mostly neatly nearly nicely often openly partly plainly proudly
purely quickly quietly rarely really seldom simply slowly softly soon surely swiftly tidily truly twice vastly warmly widely wisely`)

	adjectives = strings.Fields(`
able amber ample azure bold brave brief bright brisk calm clear clever cosmic cosy crisp curious dapper deft dizzy dusky eager early even
fair fancy fast fine fluffy fond fresh gentle giddy glad golden grand green handy happy hardy honest humble jolly keen kind late lively
loyal lucid lucky mellow merry mild modest neat nimble noble novel olive pale patient placid plain polite proud quick quiet rapid rosy
round royal rusty sandy serene sharp shiny shy silent silver sleek smooth snowy solid spry stable steady sunny swift tame tidy tiny
true upbeat urban vivid warm wild wise witty young zany zesty`)

	animals = strings.Fields(`
adder alpaca ant ape badger bat bear beaver bee beetle bison boar bobcat buzzard camel carp cat cheetah cicada clam cobra condor coral
cougar coyote crab crane cricket crow deer dingo dolphin donkey dove dragonfly duck eagle eel egret elk emu falcon ferret finch firefly
fox frog gazelle gecko gibbon goat goose gopher gull hare hawk hedgehog heron hippo hornet horse husky ibex iguana jackal jaguar jay
kestrel kite kiwi koala krill lark lemming lemur leopard lion lizard llama lobster lynx magpie manatee marmot marten mole mongoose moose
moth mouse mule newt ocelot octopus orca osprey ostrich otter owl ox oyster panda panther parrot pelican penguin pheasant pigeon pike
pony puffin puma quail rabbit raccoon ram raven robin salmon seal shark sheep shrew shrimp skunk sloth snail sparrow spider squid stork
swan swift tapir tern tiger toad toucan trout turtle viper vole walrus wasp weasel whale wolf wombat woodpecker wren yak zebra`)
)
