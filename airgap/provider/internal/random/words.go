package random

import "strings"

// Words of pet names: adverbs, an adjective, an animal.
var (
	adverbs = strings.Fields(`
abundantly accurately actively amazingly blatantly blindly boldly bravely brightly briskly calmly candidly carefully cheerfully clearly
commonly correctly curiously daily deeply directly duly eagerly early easily endlessly entirely equally evenly exactly fairly firmly
formally freely freshly fully gently gladly gracefully gradually happily heartily highly honestly humbly ideally instantly jointly
keenly kindly largely lately legally lightly likely locally loudly loyally lively mainly merely mildly mostly namely nearly neatly newly
nicely normally notably openly orderly partly plainly politely possibly properly purely quickly quietly rapidly readily really
regularly rightly safely secretly seemingly sharply simply slowly smoothly socially solely steadily strictly strongly surely swiftly
thankfully thoroughly totally truly truthfully uniquely usually vastly vaguely warmly wholly widely willingly wisely wonderfully`)

	adjectives = strings.Fields(`
able active adapted advanced alert amazed amusing apt arriving artistic assured awake aware balanced beloved better big boss brave
bright bursting busy calm capable careful caring casual charming cheerful chief choice civil clean clear clever climbing close coherent
comic composed concise content cool correct crack crisp crucial cunning curious cute daring darling dashing dear decent deep definite
delicate desired direct distinct divine driven eager easy electric elegant eminent enabled endless engaged enough epic equal eternal
ethical exact excited exotic expert fair faithful famous fancy fast fine firm first fit fleet flowing fluent flying fond frank free
fresh full fun funny game generous gentle genuine giving glad global golden good grand grateful great growing grown guided guiding
handy happy hardy harmless healthy helped helpful heroic hip holy honest hopeful hot huge humane humble humorous ideal immense immune
innocent inspired intense intent inviting joint just keen key kind knowing large lasting leading learning legal light liked literate
live living logical loved loving loyal lucky magical major many master mature measured meet merry mighty mint model modern modest
moral more moved moving musical mutual national native natural nearby neat needed neutral new next nice noble normal notable noted
novel obliging on one open optimal optimum organic patient perfect pet picked pleasant pleased poetic polished polite popular positive
possible powerful precious precise premium present pretty prime pro profound promoted prompt proper proud proven pumped pure quality
quick quiet rapid rare rational ready real refined regular related relaxed relevant renewed resolved right rich robust romantic sacred
safe saved secure select selected sensible set settled sharp shining simple sincere skilled smart smashing smiling smooth social solid
sought sound special splendid square stable star steady sterling still stirred straight striking strong stunning subtle suitable
suited summary sunny super superb supreme sure sweeping sweet talented teaching tender thankful thorough tidy tight together tolerant
top topical tough touched touching tops tender trusted trusting trusty ultimate unbiased uncommon unified unique united up upright
upward usable useful valid valued vast verified vital viable vocal volunteer wanted warm wealthy welcome welcomed well whole willing
winning wired wise witty wondrous workable working worthy`)

	animals = strings.Fields(`
aardvark adder airedale akita albacore alien alpaca amoeba anchovy anemone ant anteater antelope ape aphid arachnid asp baboon badger
barnacle basilisk bass bat beagle bear bedbug bee beetle bengal bird bison blowfish bluebird bluegill bluejay boa boar bobcat bonefish
boxer bream buck buffalo bug bull bulldog bullfrog bunny burro buzzard caiman calf camel cardinal caribou cat catfish cattle chamois
cheetah chicken chigger chimp chipmunk chow cicada civet clam cobra cockatoo cod collie colt condor coral corgi cougar cow cowbird
coyote crab crane crappie crawdad crayfish cricket crow cub cheetah dane dassie deer dingo dinosaur doberman dodo doe dog dogfish
dolphin donkey dory dove dragon drake drum duck duckling eagle earwig eel eft egret elephant elf elk emu escargot ewe falcon fawn
feline ferret filly finch firefly fish flamingo flea flounder fly foal fowl fox foxhound frog gannet gar garfish gator gazelle gecko
gelding ghost ghoul gibbon giraffe glider gnat gnu goat gobbler goblin goldfish goose gopher gorilla goshawk grackle griffon grizzly
grouper grouse grub grubworm guinea gull guppy haddock hagfish halibut hamster hare hawk hedgehog hen hermit heron herring hippo hog
honeybee hookworm hornet horse hound humpback husky hyena ibex iguana imp impala insect jackal jackass jaguar javelin jawfish jay
jaybird jennet joey kangaroo katydid kid killdeer kingfish kit kite kitten kiwi koala kodiak koi krill lab labrador lacewing ladybird
ladybug lamb lamprey lark leech lemming lemur leopard liger lion lioness lionfish lizard llama lobster locust longhorn loon louse lynx
macaque macaw mackerel maggot magpie mako malamute mallard mammal mammoth man manatee mantis marlin marmoset marmot marten martin
mastiff mastodon mayfly meerkat midge mink minnow mite moccasin mole mollusk molly monarch mongoose mongrel monitor monkey monkfish
monster moose moray mosquito moth mouse mudfish mule mullet muskox muskrat mustang mutt narwhal newt oarfish ocelot octopus opossum
orca oriole oryx osprey ostrich owl ox oyster panda pangolin panther parakeet parrot peacock pegasus pelican penguin perch phoenix
pheasant pig pigeon piglet pika pipefish piranha platypus polecat polliwog pony poodle porpoise possum prawn primate pug puma pup
python quagga quail quetzal rabbit raccoon ram raptor rat ratite rattler raven ray redbird redfish reindeer reptile rhino ringtail
robin rodent rooster roughy sailfish salmon satyr sawfish sawfly scorpion sculpin seagull seahorse seal seasnail serval shad shark
sheep sheepdog shepherd shiner shrew shrimp silkworm skink skunk skylark sloth slug snail snake snapper snipe sole spaniel sparrow
spider sponge squid squirrel stag stallion starfish starling stingray stinkbug stork stud sturgeon sunbeam sunbird sunfish swan swift
swine tadpole tahr tapir tarpon teal termite terrapin terrier tetra thrush tick tiger titmouse toad tomcat tortoise toucan treefrog
troll trout tuna turkey turtle unicorn urchin vervet viper vulture wahoo wallaby walleye walrus warthog wasp weasel weevil werewolf
whale whippet wildcat willet wolf wombat woodcock worm wren yak yeti zebra`)
)
